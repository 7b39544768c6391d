#!/usr/bin/env bash
# The whole test suite: makes or reuses .venv with the test extra, then style and tests.
# Arguments go to pytest. What needs CoNLL04 is skipped, saying so, without CMAN_DATA_DIR.
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
# A process for each of two cores; a file's tests share their trained models.
exec "$python" -m pytest -ra -n 2 --dist loadfile "$@"
