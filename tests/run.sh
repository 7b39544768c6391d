#!/usr/bin/env bash
# The test suite: makes or reuses .venv with the test extra, then checks style, types and behaviour. Arguments go to
# pytest. What needs CoNLL04 is skipped, saying so, without CMAN_DATA_DIR. Tests marked slow, which need clean
# installations, are left out, and coverage is not measured, as it takes half as long again: tests/all.sh does both.
set -euo pipefail
root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cman_tf/environment.sh"
if [ -n "${CMAN_DATA_DIR:-}" ]; then
  CMAN_DATA_DIR=$(CDPATH= cd "$CMAN_DATA_DIR" && pwd) || { echo "CMAN_DATA_DIR: no such directory" >&2; exit 1; }
  export CMAN_DATA_DIR
fi
make_environment "$root" test
cd "$root"
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m pyright --pythonpath "$python"
# A process for each of two cores; they share the models that are trained once.
exec "$python" -m pytest -ra -n 2 --dist worksteal -m "not slow" "$@"
