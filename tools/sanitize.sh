#!/bin/sh
# Builds and runs the C++ tests under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer, or as named.
# Usage: tools/sanitize.sh [release] [address] [undefined] [thread]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address undefined thread
for sanitizer; do
    cmake --preset "$sanitizer" >/dev/null
    cmake --build --preset "$sanitizer" --parallel "$(getconf _NPROCESSORS_ONLN)" --target all >/dev/null
    ctest --preset "$sanitizer" --no-tests=error
done
