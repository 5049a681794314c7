#!/usr/bin/env bash
# Makes the models country-to-classical and classical-to-country anew: material, training, export, and their place in the package.
#
#   bash tools/models/country_classical.sh FOLDER SCORES NOTES
#
# SCORES and NOTES are folders as docs/explanation/shipped-models.md tells. FluidSynth and Debian's packages
# fluid-soundfont-gm and musescore-general-soundfont play the rest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/make.sh" country_classical 20 5050 "$@"

# To classical a model without pairs is better: a quartet does not play what a band plays frame by frame, and a distance to it
# blurs the harmony (chr .72 with pairs, .80 without).
cd "$1"
styleshift train --domains country classical --recipe small --name unpaired --minutes 13
styleshift export --run unpaired --output unpaired
python "$here/../ship_model.py" unpaired/country-to-classical.onnx \
    --card "$here/cards/country_classical.toml" --licence "CC BY 4.0"
