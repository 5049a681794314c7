#!/usr/bin/env bash
# Makes the models man-to-woman and woman-to-man anew: two trainings, one a direction, and their place in the package.
#
#   bash tools/models/man_woman.sh FOLDER LIBRISPEECH VCC2016 [more words for `styleshift train`]
#
# LIBRISPEECH holds man/ and woman/, a FLAC file for each recording, some seconds long; VCC2016 the same of the speakers SM1 and
# TF2 of the Voice Conversion Challenge 2016. The target of a direction is one voice, so that a conversion has a voice of its own
# and not the mean of many; the source is as many voices as there are, so that any reader may come. FASTER and SHELF: see material.sh.
set -euo pipefail

folder=$1 libri=$(cd "$2" && pwd) vcc=$(cd "$3" && pwd)
shift 3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
cd "$folder"

train() { # SOURCE TARGET STEPS "WORDS FOR EXPORT" [words for train]
    local source=$1 target=$2 place=$1-to-$2 for_export=$4
    mkdir -p "$place/audio/$source" "$place/audio/$target"
    ln -sf "$libri/$source"/*.flac "$vcc/$source"/*.flac "$place/audio/$source/"
    ln -sf "$vcc/$target"/*.flac "$place/audio/$target/"
    styleshift precompute "$place/audio" --recipe voice --workspace "$place/workspace"
    styleshift train --domains man woman --recipe voice --workspace "$place/workspace" --name shipped --steps "$(($3 / ${FASTER:-1}))" \
        --set schedule.validation_seconds=0 "${@:5}"
    styleshift export --run shipped --checkpoint last $for_export --workspace "$place/workspace" --output "$place/exported"
    python "$here/../ship_model.py" "$place/exported/$source-to-$target.onnx" \
        --card "$here/cards/man_woman.toml" --licence "CC BY 4.0" ${SHELF:+--shelf "$SHELF"}
}
# What other settings and more steps do: docs/results/voice-models.md.
train man woman 1000 "--match-spectrum --generator-share 0.5" --set phones.by=1.5 "$@"
train woman man 800 --match-variance "$@"
