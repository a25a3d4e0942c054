#!/usr/bin/env bash
# Builds the Temporal command (CLI and development server) from its Go module into .local/bin, for the test that runs
# examples/temporal against a real server. Needs Go 1.25 or newer, 2 GB of disk, and some minutes the first time. Later
# releases replace a module by one that is not published: Go cannot install them by name.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.5.1

say() { printf '%s\n' "temporal: $*" >&2; }

target=$PWD/.local/bin/temporal
command -v go >/dev/null || { say "expected Go in PATH, found none; install Go, or put a temporal in PATH"; exit 1; }
if go version -m "$target" 2>/dev/null | grep -q "temporalio/cli.*v$version"; then exit 0; fi
say "building $version with $(go version | cut -d' ' -f3), this takes some minutes"
mkdir -p "$(dirname "$target")"
GOBIN=$(dirname "$target") GOFLAGS="${GOFLAGS:--buildvcs=false}" go install "github.com/temporalio/cli/cmd/temporal@v$version"
"$target" --version
