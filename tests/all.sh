#!/usr/bin/env bash
# All tests, those marked slow too; writes what they came to into results/tests/all.json. Arguments go to pytest.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH="$root/tests${PYTHONPATH:+:$PYTHONPATH}" # where the plugin is
exec bash "$root/tests/run.sh" -m "" -p outcome --outcome="$root/results/tests/all.json" "$@"
