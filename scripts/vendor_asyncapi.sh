#!/usr/bin/env bash
# Fetches the AsyncAPI viewer of the page /docs anew: service/http/static/{asyncapi.js.gz,asyncapi.css.gz,NOTICE}.
# Equal input gives equal files. For another version change these two lines; a wrong checksum shows the right one.
set -euo pipefail
cd "$(dirname "$0")/.."

version=3.1.5
checksum=02ae08fbeb97ea5396c60067f83ee5cbf1976ac1e355c391cfc7881a28bc4601636748bc983b61e8b8c51dbff21d5af700dc4b14ba1d5d483010185c4af7d5fd

target=service/http/static
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm pack --silent --pack-destination "$work" "@asyncapi/react-component@$version" >/dev/null
archive=$work/asyncapi-react-component-$version.tgz
echo "$checksum  $archive" | sha512sum --check --quiet || { sha512sum "$archive" >&2; exit 1; }
tar -xzf "$archive" -C "$work"

# -n: no time and no name in the archive, or it would differ each time.
gzip -9nc "$work/package/browser/standalone/index.js" > "$target/asyncapi.js.gz"
gzip -9nc "$work/package/styles/default.min.css" > "$target/asyncapi.css.gz"
{
  cat <<END
asyncapi.js.gz and asyncapi.css.gz are files of the npm package @asyncapi/react-component $version, compressed and otherwise
unchanged: browser/standalone/index.js and styles/default.min.css. scripts/vendor_asyncapi.sh fetches them.

AsyncAPI React component, https://github.com/asyncapi/asyncapi-react
Licensed under the Apache License, Version 2.0; its text is in the file LICENSE at the root of this project.

It contains the works of others. Their notices, as the package gives them:

END
  cat "$work/package/browser/standalone/index.js.LICENSE.txt"
} > "$target/NOTICE"
echo "vendor: @asyncapi/react-component $version is in $target"
