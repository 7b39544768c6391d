#!/usr/bin/env bash
# ADE with ten-fold cross-validation (IJCAI table 2, TNNLS table II): trains CMAN, dynamic CMAN and the baseline on
# every fold, then prints the table.
#   bash run_ade_cv.sh --word_vectors=FILE
#   bash run_ade_cv.sh --folds=0,3 --rows=dynamic_cman --encoder=minilm
# Re-running the script resumes it. Results go to results/ade/, runs to runs/experiments/ade/. All arguments are flags
# of cman-tf experiment; those after "--" are flags of cman-tf train.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$root/cman_tf/environment.sh"
if asks_for_help "$@"; then
  print_header "${BASH_SOURCE[0]}" experiment
  exit
fi

data=$(data_directory ade_spert "$@")
if [ ! -f "$data/ade_split_0_train.json" ]; then
  echo "$data: no ade_split_0_train.json, expected SpERT's ten folds of ADE, from" \
    "http://lavis.cs.hs-rm.de/storage/spert/public/datasets/ade/ (--data_dir, or \$CMAN_DATA_DIR/ade_spert)" >&2
  exit 1
fi
prepare_environment "$root" "$@"
exec "$python" -m cman_tf.experiment ade --data_dir="$data" "$@"
