#!/usr/bin/env bash
# Makes models as violin-to-piano and piano-to-violin are: material, training, export, and their place in the package.
#
#   bash tools/models/violin_piano.sh FOLDER SCORES NOTES [more words for `styleshift train`]
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
#
# Three stages of training. The first on all that is rendered, in many rooms and colours. The second on plain targets, and
# on recorded notes: where a target's room and colour change from piece to piece, which no source can tell, a model
# learns their average, which is dull. The third gives the critics twice the weight.
set -euo pipefail
pair=violin_piano folder=$1 scores=$2 notes=$3
shift 3
source "$(dirname "$0")/material.sh"

render varied 30 4
render plain 60 1 --plain
cd "$folder"
learn_from "varied/DOMAIN/*.flac"
train 2750 --domains violin piano --recipe "$here/shipped.toml" --seed 1 --name shipped "$@"
learn_from "plain/DOMAIN/*.flac" "varied/DOMAIN/*-notes.flac"
train 11500 --resume --name shipped
run=styleshift-workspace/runs/shipped/run.json # a run keeps its recipe, so `train` has no option for this
sed -i 's/"gan": 0\.5/"gan": 1.0/' "$run"
grep -q '"gan": 1\.0' "$run" || { echo "$run does not have the weight of the critics where it was expected" >&2; exit 1; }
train 17661 --resume --name shipped
half=14000+last # which a run that FASTER cuts short does not reach
[ "${FASTER:-1}" = 1 ] || half=last
smoothed=(--run shipped --checkpoint "$half" --smooth-frames 0.15 --smooth-bins 0.1 --match-spectrum)
styleshift export "${smoothed[@]}" --keep-quiet 20 --output quiet
styleshift export "${smoothed[@]}" --output exported
ship quiet/violin-to-piano.onnx
ship exported/piano-to-violin.onnx # a violin holds notes that have died on the piano
