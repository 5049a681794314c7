#!/bin/sh
# Builds and runs the C++ tests under the sanitizers: AddressSanitizer with UndefinedBehaviorSanitizer (memory),
# and ThreadSanitizer (thread). Usage: tools/sanitize.sh [memory] [thread]
set -eu
unset MAKEFLAGS  # of a make around this one, which would count these compilers among its jobs
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- memory thread
cores=$(getconf _NPROCESSORS_ONLN)
for preset; do
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" --parallel "$cores" --target all >/dev/null
    ctest --preset "$preset" --parallel "$cores" --no-tests=error
done
