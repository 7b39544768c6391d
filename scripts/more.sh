#!/usr/bin/env bash
# The trainings behind the measurements of MoRe: what passages and mixtures gain. Starts or resumes all of them.
#   bash scripts/more.sh                      both
#   bash scripts/more.sh retrieval mixture    these
# retrieval: ADE, folds 0 and 3, words and characters: without passages, with ten from the fold's training texts, and
# with them in cooperative training; then both without their passages. mixture: CoNLL04, seeds 1 to 3: CMAN with
# dynamic CMAN, both with MPNet, and dynamic CMAN with words beside the one with MPNet; it needs the runs of
# scripts/evidence.sh conll04. Result files go to results/retrieval and results/mixture, runs to runs/more. Data are in
# $CMAN_DATA_DIR, or data/.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cman_tf/environment.sh"
case ${1:-} in --help | -h) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;; esac

data=${CMAN_DATA_DIR:-data}
tuned=${CMAN_TUNED_RUNS:-runs/experiments/tuned} # where scripts/evidence.sh conll04 has its runs
vectors=(--word_vectors=glove)

train() { # train NAME RESULTS FLAG...
  local name=$1 results=$2
  shift 2
  nice -n 19 "$python" -m cman_tf train "$@" --model_dir="runs/more/$name" --results_dir="$results" --result_name="$name"
}

run_retrieval() {
  local fold folder=$data/ade_spert variant
  for fold in 0 3; do
    "$python" -m cman_tf index "$folder/ade_split_${fold}_train.json" "indexes/ade_$fold"
    for variant in alone passages cooperative; do
      local flags=(--flagfile=ade --train_data="$folder/ade_split_${fold}_train.json"
        --test_data="$folder/ade_split_${fold}_test.json" --hold_out=0.1 "${vectors[@]}" --word_size=50 --epochs=8 --patience=5)
      case $variant in
        passages) flags+=(--retrieve="indexes/ade_$fold") ;;
        cooperative) flags+=(--retrieve="indexes/ade_$fold" --cooperative_weight=0.1) ;;
      esac
      local name=ade_${variant}_fold$fold
      train "$name" results/retrieval "${flags[@]}"
      if [ "$variant" != alone ] && [ ! -e "results/retrieval/${name}_read_alone.json" ]; then
        "$python" -m cman_tf evaluate --model_dir="runs/more/$name" --data="$folder/ade_split_${fold}_test.json" \
          --retrieve=none --json="results/retrieval/${name}_read_alone.json"
      fi
    done
  done
}

mix() { # mix NAME EXPERTS: unless it is there
  if [ -e "results/mixture/$1.json" ]; then return; fi
  "$python" -m cman_tf mixture --experts="$2" --test="$data/conll04_spert/conll04_test.json" \
    --model_dir="runs/more/$1" --json="results/mixture/$1.json"
}

run_mixture() {
  local seed
  mkdir -p results/mixture
  for seed in 1 2 3; do
    mix "cman_dynamic_cman-seed$seed" "$tuned/cman_tuned-mpnet-seed$seed,$tuned/dynamic_cman_tuned-mpnet-seed$seed"
  done
  for seed in 1 2 3; do
    train "words-seed$seed" results/mixture_words --flagfile=conll04 --data_dir="$data/conll04_spert" "${vectors[@]}" \
      --adversarial_alpha=0.1 --weight_average=0.995 --patience=20 --epochs=45 --seed="$seed"
    mix "words_mpnet-seed$seed" "runs/more/words-seed$seed,$tuned/dynamic_cman_tuned-mpnet-seed$seed"
  done
}

groups=("$@")
if [ ${#groups[@]} = 0 ]; then groups=(retrieval mixture); fi
for group in "${groups[@]}"; do
  case $group in
    retrieval | mixture) ;;
    *) echo "$group: no such group, expected retrieval or mixture" >&2; exit 1 ;;
  esac
done
prepare_environment "$root" --word_vectors=glove --encoder=mpnet --retrieve=indexes
for group in "${groups[@]}"; do "run_$group"; done
