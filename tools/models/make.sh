#!/usr/bin/env bash
# What the scripts beside this one have in common: PAIR MINUTES STEPS FOLDER SCORES NOTES [words for `styleshift train`];
# MINUTES of plain targets a side, STEPS in both stages together.
#
# Two stages of training. The first on all that is rendered, in many rooms and colours. The second on plain targets, and
# on recorded notes: where a target's room and colour change from piece to piece, which no source can tell, a model
# learns their average, which is dull.
set -euo pipefail

pair=$1 minutes=$2 steps=$3 folder=$4 scores=$5 notes=$6
shift 6
here=$(cd "$(dirname "$0")" && pwd)
x=${pair%_*} y=${pair#*_}

render() { # FOLDER [options]
    local made=$1
    shift
    [ -e "$made/index.csv" ] ||
        PYTHONPATH="$here/.." python -m material "$pair" "$made" --scores "$scores" --notes "$notes" "$@"
}
render "$folder/varied"
render "$folder/plain" --plain --valid 1 --minutes "$minutes"

cd "$folder"
learn_from() { # recordings, as paths below a domain's folder: VARIED/*.flac PLAIN/*.flac
    for domain in "$x" "$y"; do
        rm -rf "audio/$domain"
        mkdir -p "audio/$domain"
        for pattern in "$@"; do
            for file in ${pattern/DOMAIN/$domain}; do
                ln -s "../../$file" "audio/$domain/${file%%/*}-${file##*/}"
            done
        done
    done
    styleshift precompute audio
}
learn_from "varied/DOMAIN/*.flac"
styleshift train --domains "$x" "$y" --recipe "$here/shipped.toml" --name shipped --steps 2750 "$@"
learn_from "plain/DOMAIN/*.flac" "varied/DOMAIN/*-notes.flac"
styleshift train --resume --name shipped --steps "$steps"
styleshift export --run shipped --checkpoint last --output exported
for direction in "$x-to-$y" "$y-to-$x"; do
    python "$here/../ship_model.py" "exported/$direction.onnx" \
        --card "$here/cards/$pair.toml" --licence "CC BY 4.0"
done
