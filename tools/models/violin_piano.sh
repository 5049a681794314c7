#!/usr/bin/env bash
# Makes the models violin-to-piano and piano-to-violin anew: material, training, export, and their place in the package.
#
#   bash tools/models/violin_piano.sh FOLDER SCORES NOTES [more words for `styleshift train`]
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
exec bash "$(dirname "$0")/make.sh" violin_piano 60 11500 "$@"
