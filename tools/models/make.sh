#!/usr/bin/env bash
# What the scripts beside this one have in common: PAIR FOLDER SCORES NOTES [words for `styleshift train`].
set -euo pipefail

pair=$1 folder=$2 scores=$3 notes=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)
x=${pair%_*} y=${pair#*_}

if [ ! -e "$folder/audio/$y" ]; then
    PYTHONPATH="$here/.." python -m material "$pair" "$folder/rendered" --scores "$scores" --notes "$notes"
    mkdir -p "$folder/audio"
    # Not `rendered` itself: its sub-folder `valid` is no style, and is kept to measure on.
    ln -sfn "../rendered/$x" "$folder/audio/$x"
    ln -sfn "../rendered/$y" "$folder/audio/$y"
fi
cd "$folder"
styleshift precompute audio
styleshift train --domains "$x" "$y" --recipe "$here/shipped.toml" --name shipped "$@"
styleshift export --run shipped --output exported
for direction in "$x-to-$y" "$y-to-$x"; do
    python "$here/../ship_model.py" "exported/$direction.onnx" \
        --card "$here/cards/$pair.toml" --licence "CC BY 4.0"
done
