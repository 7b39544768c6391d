#!/usr/bin/env bash
# ADE, ten-fold cross-validation (IJCAI table 2, TNNLS table II): CMAN, dynamic CMAN and
# the baseline on every fold, then the table.
#   bash run_ade_cv.sh --word_vectors=FILE
#   bash run_ade_cv.sh --folds=0,3 --rows=dynamic_cman --encoder=minilm
# Run again, it goes on where it was. Results go to results/ade/, runs to runs/experiments/ade/. All
# arguments are flags of cman_tf.experiment; after "--", of cman_tf.train.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$root/cman_tf/environment.sh"

data=$(data_directory ade_spert "$@")
if [ ! -f "$data/ade_split_0_train.json" ] && [[ " $* " != *" --help"* ]]; then
  echo "$data: no ade_split_0_train.json, expected SpERT's ten folds of ADE, from" \
    "http://lavis.cs.hs-rm.de/storage/spert/public/datasets/ade/ (--data_dir, or \$CMAN_DATA_DIR/ade_spert)" >&2
  exit 1
fi
prepare_environment "$root" "$@"
exec "$python" -m cman_tf.experiment ade --data_dir="$data" "$@"
