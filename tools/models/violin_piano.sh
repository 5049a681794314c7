#!/usr/bin/env bash
# Makes the models violin-to-piano and piano-to-violin anew: material, training, export, and their place in the package.
#
#   bash tools/models/violin_piano.sh FOLDER SCORES NOTES [more words for `styleshift train`]
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
#
# Two stages of training. The first on all that is rendered, in many rooms and colours. The second on plain targets, and
# on recorded notes: where a target's room and colour change from piece to piece, which no source can tell, a model
# learns their average, which is dull.
set -euo pipefail
pair=violin_piano folder=$1 scores=$2 notes=$3
shift 3
source "$(dirname "$0")/material.sh"

render varied
render plain --plain --valid 1 --minutes 60
cd "$folder"
learn_from "varied/DOMAIN/*.flac"
styleshift train --domains violin piano --recipe "$here/shipped.toml" --name shipped --steps 2750 "$@"
learn_from "plain/DOMAIN/*.flac" "varied/DOMAIN/*-notes.flac"
styleshift train --resume --name shipped --steps 11500
styleshift export --run shipped --checkpoint last --output exported
ship exported/violin-to-piano.onnx
ship exported/piano-to-violin.onnx
