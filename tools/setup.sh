#!/usr/bin/env bash
# Makes the virtual environment $1 with what builds the C++ library, and installs styleshift into it with the
# extras $2 (such as m4a,dev) where they are given. With `dev` the library's own tests are built, too.
set -euo pipefail
venv=$1 extras=${2:-}
cd "$(dirname "$0")/.."

usable() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
  if command -v "$candidate" >/dev/null && usable "$candidate"; then python=$candidate; break; fi
done

missing=()
if [ -z "$python" ]; then
  missing+=("Python 3.11 to 3.13 (Debian: python3)")
else
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("Python's venv (Debian: python3-venv)")
  "$python" -c 'import pathlib, sysconfig, sys; sys.exit(not (pathlib.Path(sysconfig.get_paths()["include"]) / "Python.h").exists())' \
    || missing+=("Python's headers (Debian: python3-dev)")
fi
command -v "${CXX:-c++}" >/dev/null || missing+=("a C++ compiler (Debian: g++)")
command -v git >/dev/null || missing+=("git (Debian: git)")
if [ ${#missing[@]} -gt 0 ]; then
  (IFS=';'; echo "missing on this machine: ${missing[*]}" >&2)
  exit 1
fi

[ -x "$venv/bin/python" ] || { echo "making $venv with $($python --version)"; "$python" -m venv "$venv"; }
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }

pip install --prefer-binary "scikit-build-core>=0.10" "pybind11>=2.13" "cmake>=3.25" "ninja>=1.11"
[ -n "$extras" ] || exit 0

# PyTorch first: with no NVIDIA GPU in sight take the CPU build, a tenth of the download. STYLESHIFT_TORCH=cpu|default decides by hand.
choice=${STYLESHIFT_TORCH:-}
if [ -z "$choice" ]; then
  if nvidia-smi -L >/dev/null 2>&1; then choice=default; else choice=cpu; fi
fi
constraints=()
[ "$choice" = cpu ] && constraints=(-c constraints-cpu.txt)
if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
  echo "installing PyTorch ($choice build)"
  if [ "$choice" = cpu ]; then
    pip install --no-deps torch ${constraints[@]+"${constraints[@]}"} --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu
  else
    pip install torch
  fi
fi

echo "building and installing styleshift"
build=(-C build-dir=build/setup)
[[ ",$extras," = *,dev,* ]] && build+=(-C cmake.args=-DSTYLESHIFT_BUILD_TESTS=ON)
pip install --prefer-binary --no-build-isolation "${build[@]}" ${constraints[@]+"${constraints[@]}"} -e ".[$extras]"
"$venv/bin/styleshift" --version
