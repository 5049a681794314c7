#!/usr/bin/env bash
# Runs the tests of every in-tree plugin, each from its own folder with its sources on the path, as its author would.
set -euo pipefail
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/../plugins"
for plugin in */; do
  [ -f "$plugin/pyproject.toml" ] || continue
  echo "== plugins/$plugin"
  (cd "$plugin" && PYTHONPATH=src "$bin/pytest" -q -p no:cacheprovider)
done
