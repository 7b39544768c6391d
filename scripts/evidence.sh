#!/usr/bin/env bash
# The trainings behind docs/results.md that take hours: starts all of them, or resumes those that are not finished.
#   bash scripts/evidence.sh                 all groups, one after the other
#   bash scripts/evidence.sh conll04 ade     these groups
#   CORES=0,1 bash scripts/evidence.sh       two at a time, each on a core of its own
# Groups: conll04 (MPNet frozen, three seeds), ade (MPNet frozen, ten folds), readings (the readings of the papers that
# are flags), ablations, sizes. Result files go to results/, runs to runs/experiments/. A row that is finished is left
# alone, so that the script can be called at any time. It needs CONLL04 and ADE in $CMAN_DATA_DIR, or data/.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cman_tf/environment.sh"
case ${1:-} in --help | -h) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;; esac

data=${CMAN_DATA_DIR:-data}
inputs=(--encoder=mpnet --word_vectors=glove --inputs=contextual)

list_jobs() { # the experiments of a group, a line each
  local seed fold
  case $1 in
    conll04)
      for seed in 1 2 3; do
        for row in cman_tuned dynamic_cman_tuned multihead_tuned; do echo "tuned --rows=$row --seeds=$seed"; done
      done
      # On train and dev, each seed for as many epochs as were best on dev without it.
      for seed in 3:49 1:118 2:133; do
        echo "tuned --rows=dynamic_cman_tuned_all --seeds=${seed%:*} -- --epochs=${seed#*:}"
      done
      echo "tuned --rows=cman_tuned --seeds=1 --encoder_precision=float16" ;;
    ade)
      for fold in 0 1 2 3 4 5 6 7 8 9; do
        for row in dynamic_cman multihead; do echo "ade --rows=$row --folds=$fold -- --epochs=25"; done
      done ;;
    readings)
      for row in dynamic_cman_mlp dynamic_cman_mlp_2 dynamic_cman_mlp_bsa; do echo "ablations --rows=$row"; done
      for row in dynamic_cman_unshared dynamic_cman_separate; do echo "shared --rows=$row"; done ;;
    ablations) echo "ablations"; echo "label_source" ;;
    sizes) echo "sizes" ;;
    *) echo "$1: no such group, expected conll04, ade, readings, ablations or sizes" >&2; return 1 ;;
  esac
}

run_job() { # run_job CORE EXPERIMENT FLAG...
  local core=$1 name=$2 corpus=conll04_spert
  shift 2
  if [ "$name" = ade ]; then corpus=ade_spert; fi
  local pin=()
  if [ "$core" != any ] && command -v taskset >/dev/null; then pin=(taskset -c "$core"); fi
  ${pin[@]+"${pin[@]}"} nice -n 19 "$python" -m cman_tf.experiment "$name" --data_dir="$data/$corpus" "${inputs[@]}" "$@"
}

groups=("$@")
if [ ${#groups[@]} = 0 ]; then groups=(conll04 ade readings ablations sizes); fi
jobs=$(for group in "${groups[@]}"; do list_jobs "$group"; done)
prepare_environment "$root" "${inputs[@]}"
IFS=, read -ra cores <<<"${CORES:-any}"
number=0
workers=()
for core in "${cores[@]}"; do
  (
    place=0 status=0
    while IFS= read -r job; do
      # Two jobs never meet: each core takes every nth line.
      if [ $((place % ${#cores[@]})) = "$number" ]; then
        read -ra words <<<"$job"
        run_job "$core" "${words[@]}" </dev/null || status=1 # the others go on
      fi
      place=$((place + 1))
    done <<<"$jobs"
    exit $status
  ) &
  workers+=($!)
  number=$((number + 1))
done
status=0
for worker in "${workers[@]}"; do wait "$worker" || status=1; done
exit $status
