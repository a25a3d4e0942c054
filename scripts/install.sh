#!/usr/bin/env bash
# Installs what is missing and says one line per step: system packages (Debian and its kin), .venv from the lock file;
# with `frameworks` also what examples/ and benchmarks/ run beside the service: Redis and .venv-frameworks; with `corpus`
# also what turns texts into every document format and reads them back: pandoc, LibreOffice and pdftotext.
# Safe to run again at any time; with nothing missing it takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."

uv_version=0.13.9

say() { printf '%s\n' "install: $*" >&2; }
fail() { say "$*"; exit 1; }

with_frameworks=
with_corpus=
for part in "$@"; do
  case $part in
    frameworks) with_frameworks=yes ;;
    corpus) with_corpus=yes ;;
    *) fail "expected frameworks or corpus, got $part" ;;
  esac
done

# --- Python and the virtual environment -------------------------------------------------------------------------------

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if is_new_enough "$name"; then command -v "$name"; return; fi
  done
  fail "expected Python 3.11 or newer, found $(python3 --version 2>&1 || true); install one and put it in PATH"
}

fingerprint() { { echo "$uv_version"; cat "$1" pyproject.toml; } | sha256sum; }

# venv_is_current FOLDER LOCK
venv_is_current() {
  [ -x "$1/bin/python" ] && [ "$(cat "$1/.installed" 2>/dev/null)" = "$(fingerprint "$2")" ] &&
    is_new_enough "$1/bin/python"
}

# A virtual environment that was moved or half made does not work: its commands name another folder.
venv_is_sound() {
  head -n 1 .venv/bin/pip 2>/dev/null | grep -qF "#!$PWD/.venv/bin/python" && .venv/bin/python -m pip --version >/dev/null 2>&1
}

# uv does not read pip's configuration, but a machine with a mirror of its own has only that.
share_pip_config() {
  local known option variable found
  known=$(.venv/bin/python -m pip config list 2>/dev/null || true)
  for option in index-url extra-index-url cert; do
    case $option in
      index-url) variable=UV_DEFAULT_INDEX ;;
      extra-index-url) variable=UV_INDEX ;;
      cert) variable=SSL_CERT_FILE ;;
    esac
    found=$(sed -n "s/^[^=]*\.$option='\(.*\)'$/\1/p" <<<"$known" | tail -n 1)
    if [ -n "$found" ] && [ -z "${!variable:-}" ]; then export "$variable=$found"; fi
  done
}

install_uv() {
  local python=$1
  if ! venv_is_sound; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
  fi
  if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    say "installing uv $uv_version"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
  fi
}

# fill_venv FOLDER LOCK
fill_venv() {
  local venv=$1 lock=$2 uv=.venv/bin/uv
  rm -f "$venv/.installed"
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || $uv venv --quiet --clear "$venv"
  say "installing the packages of $lock"
  VIRTUAL_ENV=$PWD/$venv $uv pip sync --quiet --require-hashes "$lock"
  VIRTUAL_ENV=$PWD/$venv $uv pip install --quiet --no-deps --editable .
  fingerprint "$lock" > "$venv/.installed"
}

install_venvs() {
  install_uv "$1"
  share_pip_config
  venv_is_current .venv requirements-dev.lock || fill_venv .venv requirements-dev.lock
  [ -z "$with_frameworks" ] || venv_is_current .venv-frameworks requirements-frameworks.lock ||
    fill_venv .venv-frameworks requirements-frameworks.lock
}

venvs_are_current() {
  venv_is_current .venv requirements-dev.lock &&
    { [ -z "$with_frameworks" ] || venv_is_current .venv-frameworks requirements-frameworks.lock; }
}

# --- system packages --------------------------------------------------------------------------------------------------

has_rabbitmq() { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null; }

has_java() {
  local java
  for java in "${JAVA_HOME:-}/bin/java" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
    if [ -x "$java" ] && "$java" -version 2>&1 | grep -Eq 'version "(17|21)[."]'; then return 0; fi
  done
  return 1
}

can_make_venvs() { [ -x .venv/bin/python ] || "$1" -c 'import ensurepip, venv' 2>/dev/null; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The package would start a system-wide RabbitMQ; this is Debian's own way to say no. One that is there stays as it is.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
forbid_services() {
  if [ -e "$policy" ]; then return; fi
  policy_is_ours=yes
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120) packages=("$@") i
  command -v apt-get >/dev/null ||
    fail "expected rabbitmq-server, mvn, a Java 17 or 21 and Python's venv module; missing: ${packages[*]} (Debian's names)"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    fail "expected root or sudo; ask an administrator for: apt-get install --no-install-recommends ${packages[*]}"
  as_root "${apt[@]}" update
  for i in "${!packages[@]}"; do
    if [ "${packages[i]}" = openjdk-17-jre-headless ] && ! apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
      packages[i]=default-jre-headless
    fi
  done
  say "installing ${packages[*]} with apt-get"
  forbid_services
  as_root "${apt[@]}" install --no-install-recommends -y "${packages[@]}" >/dev/null
}

# --- both, side by side -----------------------------------------------------------------------------------------------

venv_job=
clean_up() {
  if [ -n "$policy_is_ours" ]; then as_root rm -f "$policy"; fi
  if [ -n "$venv_job" ]; then kill "$venv_job" 2>/dev/null || true; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

python=$(find_python)
missing=()
has_rabbitmq || missing+=(rabbitmq-server)
command -v mvn >/dev/null || missing+=(maven)
has_java || missing+=(openjdk-17-jre-headless)
[ -z "$with_frameworks" ] || command -v redis-server >/dev/null || missing+=(redis-server)
if [ -n "$with_corpus" ]; then
  command -v pandoc >/dev/null || missing+=(pandoc)
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  command -v soffice >/dev/null ||
    missing+=(libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui fonts-dejavu-core fonts-droid-fallback)
fi

if ! can_make_venvs "$python"; then
  missing+=("$(basename "$(readlink -f "$python")")-venv")
  install_packages "${missing[@]}"
  missing=()
fi

if ! venvs_are_current; then
  install_venvs "$python" &
  venv_job=$!
fi
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
if [ -n "$venv_job" ]; then
  wait "$venv_job"
  venv_job=
fi
