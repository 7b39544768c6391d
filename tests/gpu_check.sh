#!/usr/bin/env bash
# Checks the package on a GPU: the same numbers as on the CPU, how much faster it is, and the peak of the card's memory.
# Takes about ten minutes. Writes results/gpu/check.json; arguments go to tests/reliability/gpu.py (--help).
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cman_tf/environment.sh"
make_environment "$root" ""
cd "$root"
PYTHONPATH="$root" exec "$python" tests/reliability/gpu.py "$@"
