#!/usr/bin/env bash
# Checks what is not Python: Dockerfile, compose.yaml, k8s/ and asyncapi.yaml; one line each, and the tool's own words
# when it objects. The tools are installed into .local/tools, pinned, the first time; nothing else needs the network.
set -euo pipefail
cd "$(dirname "$0")/.."

# The oldest and the newest Kubernetes that k8s/ is written for.
kubernetes_versions=(1.31 1.37)
tools=.local/tools
bin=$tools/python/bin

say() { printf '%s\n' "validate: $*" >&2; }

# --- tools ------------------------------------------------------------------------------------------------------------

is_current() { [ "$(cat "$1/.installed" 2>/dev/null)" = "$(sha256sum "${@:2}")" ]; }
mark_current() { sha256sum "${@:2}" > "$1/.installed"; }

install_python_tools() {
  local lock=scripts/validate-requirements.lock
  if is_current "$tools/python" $lock; then return; fi
  say "installing hadolint, kubernetes-validate and check-jsonschema"
  .venv/bin/python -m venv --clear "$tools/python"
  "$bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --requirement $lock
  mark_current "$tools/python" $lock
}

has_npm() { command -v node >/dev/null && command -v npm >/dev/null; }

install_npm() {
  local root=()
  if [ "$(id -u)" != 0 ]; then root=(sudo); fi
  say "installing nodejs and npm with apt-get"
  "${root[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
    install --no-install-recommends -y nodejs npm >/dev/null
}

install_asyncapi_parser() {
  local sources=(scripts/asyncapi/package.json scripts/asyncapi/package-lock.json scripts/asyncapi/validate.js)
  if is_current "$tools/asyncapi" "${sources[@]}"; then return; fi
  say "installing the AsyncAPI parser"
  rm -rf "$tools/asyncapi"
  mkdir -p "$tools/asyncapi"
  cp "${sources[@]}" "$tools/asyncapi"
  # One of its dependencies has an install script that reports home; none has one that it needs.
  npm ci --prefix "$tools/asyncapi" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  mark_current "$tools/asyncapi" "${sources[@]}"
}

# --- checks -----------------------------------------------------------------------------------------------------------

check_dockerfile() { "$bin/hadolint" --config .hadolint.yaml Dockerfile; }

check_compose() { "$bin/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml; }

check_manifests() {
  local version manifest manifests=()
  for manifest in k8s/*.yaml; do
    if [ "$manifest" != k8s/kustomization.yaml ]; then manifests+=("$manifest"); fi # not a resource, so without a schema
  done
  for version in "${kubernetes_versions[@]}"; do
    "$bin/kubernetes-validate" --strict --quiet --kubernetes-version "$version" "${manifests[@]}" || return
  done
}

check_asyncapi() { node "$tools/asyncapi/validate.js" asyncapi.yaml; }

failed=
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then say "$what: ok"; return; fi
  say "$what: FAILED"
  printf '%s\n' "$output" >&2
  failed=yes
}

install_python_tools
check "Dockerfile (hadolint)" check_dockerfile
check "compose.yaml (Compose specification)" check_compose
check "k8s/ (schemas of Kubernetes ${kubernetes_versions[*]})" check_manifests

if ! has_npm && [ "${CI:-}" = true ]; then install_npm; fi
if has_npm; then
  install_asyncapi_parser
  check "asyncapi.yaml (AsyncAPI parser)" check_asyncapi
else
  say "asyncapi.yaml: NOT CHECKED, expected node and npm in PATH; under CI=true they are installed"
fi

[ -z "$failed" ]
