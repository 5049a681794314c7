#!/usr/bin/env bash
# Makes the models country-to-classical and classical-to-country anew: material, training, export, and their place in the package.
#
#   bash tools/models/country_classical.sh FOLDER SCORES NOTES
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
#
# Without pairs: a quartet does not play what a band plays frame by frame, and a distance to it blurs the harmony. Recorded
# notes are among the sources alone: targets should be alike.
set -euo pipefail
pair=country_classical folder=$1 scores=$2 notes=$3
source "$(dirname "$0")/material.sh"

render varied 30 4
render plain 48 1 --plain
cd "$folder"
learn_from "plain/DOMAIN/*.flac" "varied/country/*-notes.flac"
train 4500 --domains country classical --recipe small --name small
train 6000 --resume --name small
styleshift export --run small --checkpoint last --output exported
ship exported/country-to-classical.onnx
ship exported/classical-to-country.onnx
