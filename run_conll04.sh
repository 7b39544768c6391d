#!/usr/bin/env bash
# Train and score a model on CoNLL04, or with --sample on the corpus that ships with the package.
#   bash run_conll04.sh                                    dynamic CMAN, into runs/conll04/
#   bash run_conll04.sh --sample                           a small model in minutes, into runs/sample/
#   bash run_conll04.sh --encoder=minilm --model_dir=runs/minilm   with a contextual encoder
#   bash run_conll04.sh --epochs=20 --seed=3 --model=cman --model_dir=runs/cman
#   bash run_conll04.sh --table=ablations --seeds=1,2,3    a table of the papers (cman-tf experiment)
# Re-running the script resumes an interrupted run, or prints the table of a finished one. Paths runs/ and data/ are
# relative to the working directory. All other arguments are flags of cman-tf train, or with --table of cman-tf
# experiment. Without the checkout, `cman-tf train --flagfile=sample --data_dir=sample --model_dir=runs/sample` does the
# work of --sample, and `cman-tf download conll04` with --flagfile=conll04 that of the script.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$root/cman_tf/environment.sh"
if asks_for_help "$@"; then
  print_header "${BASH_SOURCE[0]}" train
  exit
fi

sample=no
data_given=no
train= dev= test=
table=
flags=()

note_data() { # whether an argument names all data, or one of the three parts that make them up
  case $1 in
    --data_dir* | -data_dir* | --all_data* | -all_data*) data_given=yes ;;
    --train_data* | -train_data*) train=yes ;;
    --dev_data* | -dev_data* | --hold_out* | -hold_out*) dev=yes ;;
    --test_data* | -test_data*) test=yes ;;
  esac
  if [ "$train$dev$test" = yesyesyes ]; then data_given=yes; fi
}

for argument in "$@"; do
  case $argument in
    --sample) sample=yes ;;
    --table=*) table=${argument#*=} ;;
    *) flags+=("$argument"); note_data "$argument" ;;
  esac
  case $argument in
    --flagfile=*)
      if [ -f "${argument#*=}" ]; then
        while IFS= read -r line; do note_data "$line"; done <"${argument#*=}"
      fi ;;
  esac
done
if [ -n "$table" ] && [ $sample = yes ]; then
  echo "--sample and --table=$table: expected one of them" >&2
  exit 1
fi
case $table in
  ade) exec bash "$root/run_ade_cv.sh" ${flags[@]+"${flags[@]}"} ;;
  drec) exec bash "$root/run_drec.sh" ${flags[@]+"${flags[@]}"} ;;
esac

prepare_environment "$root" "$@"

if [ $sample = yes ]; then
  set -- --flagfile="$root/flags/sample.flags" --model_dir=runs/sample
  data=$root/cman_tf/sample
else
  set -- --flagfile="$root/flags/conll04.flags" --model_dir=runs/conll04
  if [ -n "$table" ]; then set --; fi
  folder=${CMAN_DATA_DIR:-data}
  data=$folder/conll04_spert
fi

complete() { # whether a folder has all three files: complete FOLDER PREFIX SUFFIX
  [ -f "$1/$2train$3" ] && [ -f "$1/$2dev$3" ] && [ -f "$1/$2test$3" ]
}

if [ $data_given = no ]; then
  if [ $sample = no ] && ! complete "$data" conll04_ .json; then
    if complete "$folder/conll04_multihead" "" .txt; then
      data=$folder/conll04_multihead
    else
      if [ -n "$table" ]; then # a mistake is named before anything is downloaded
        check_flags experiment "$table" --data_dir="$data" ${flags[@]+"${flags[@]}"}
      else
        check_flags train "$@" --data_dir="$data" ${flags[@]+"${flags[@]}"}
      fi
      "$python" -m cman_tf.download conll04 --data_dir="$folder"
    fi
  fi
  set -- "$@" --data_dir="$data"
fi

if [ -n "$table" ]; then
  exec "$python" -m cman_tf.experiment "$table" "$@" ${flags[@]+"${flags[@]}"}
fi
exec "$python" -m cman_tf.train "$@" ${flags[@]+"${flags[@]}"}
