#!/usr/bin/env bash
# DREC (TNNLS table III): trains dynamic CMAN and the baseline on word vectors alone, then prints the table.
#   bash run_drec.sh --word_vectors=FILE
# The corpus, in the column format, is train.txt, dev.txt and test.txt, or drec.txt, which is split 70/15/15 by a fixed
# seed. Re-running the script resumes it. Results go to results/drec/, runs to runs/experiments/drec/. All arguments are
# flags of cman-tf experiment; those after "--" are flags of cman-tf train.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$root/cman_tf/environment.sh"
if asks_for_help "$@"; then
  print_header "${BASH_SOURCE[0]}" experiment
  exit
fi

data=$(data_directory drec "$@")
if [ ! -f "$data/drec.txt" ] && [ ! -f "$data/train.txt" ]; then
  echo "$data: no train.txt, dev.txt and test.txt, nor drec.txt. DREC is given against a signed agreement only:" \
    "https://github.com/bekou/ad_data/raw/master/agreement/data-agreement.pdf" \
    "(https://github.com/bekou/multihead_joint_entity_relation_extraction/tree/master/data/DREC says whom to send it to)" >&2
  exit 1
fi
prepare_environment "$root" "$@"
exec "$python" -m cman_tf.experiment drec --data_dir="$data" "$@"
