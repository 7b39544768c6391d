#!/usr/bin/env bash
# All tests, those marked slow too, and the coverage of the code; writes what they came to into results/tests/all.json.
# Arguments go to pytest; with arguments coverage is not measured, as they may leave tests out.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH="$root/tests${PYTHONPATH:+:$PYTHONPATH}" # where the plugin is
if [ $# = 0 ]; then
  set -- --cov --cov-report=term:skip-covered
fi
exec bash "$root/tests/run.sh" -m "" -p outcome --outcome="$root/results/tests/all.json" "$@"
