#!/usr/bin/env bash
# Tries each extra of setup.py in a fresh environment of its own: its packages fit each other, and its tests pass. Takes
# about 20 minutes, 2 GB of disk at a time, and a package index. Arguments are extras; without one all are tried.
# Writes results/reliability/extras.json; tests/reliability/extras.py (--help) says more.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cman_tf/environment.sh"
make_environment "$root" test
cd "$root"
PYTHONPATH="$root" exec "$python" tests/reliability/extras.py "$@"
