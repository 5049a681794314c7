#!/usr/bin/env bash
# Makes the models country-to-classical and classical-to-country anew: material, training, export, and their place in the package.
#
#   bash tools/models/country_classical.sh FOLDER SCORES NOTES
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
#
# Without pairs: a quartet does not play what a band plays frame by frame, and a distance to it blurs the harmony (chr .72
# with pairs, .80 without). Each direction has the recipe that did better in it.
set -euo pipefail
pair=country_classical folder=$1 scores=$2 notes=$3
source "$(dirname "$0")/material.sh"

render varied
render plain --plain --valid 1 --minutes 45
cd "$folder"
learn_from "plain/DOMAIN/*.flac" "varied/DOMAIN/*-notes.flac"
styleshift train --domains country classical --recipe small --name small --minutes 13
styleshift export --run small --output small
ship small/country-to-classical.onnx
styleshift train --domains country classical --recipe "$here/shipped.toml" --name fine --steps 3500 \
    --set data.tilt_db=0 --set loss.gan=1 --set loss.cycle=2 --set optimiser.generator_lr=2e-4 \
    --set warm_start.pairs=false --set warm_start.refresh=300 --set warm_start.share=0.15 --set warm_start.lr=1e-3 \
    --set schedule.validation_seconds=120
styleshift export --run fine --checkpoint last --output fine
ship fine/classical-to-country.onnx
