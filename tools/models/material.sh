# What the scripts of both instrument pairs have in common; they set `pair`, `folder`, `scores` and `notes`, and source this.
# To try a script, FASTER in the environment divides all minutes and steps, and SHELF stands in for the package's folder of models.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
x=${pair%_*} y=${pair#*_}

render() { # NAME MINUTES VALID [options]: recordings of both sides, in FOLDER/NAME, and minutes of others beside them
    local made=$folder/$1
    [ -e "$made/index.csv" ] ||
        PYTHONPATH="$here/.." python -m material "$pair" "$made" --scores "$scores" --notes "$notes" \
            --minutes "$(divide "$2")" --valid "$(divide "$3")" --avoid "$here/../material/sources/held_out_$pair.csv" "${@:4}"
}

train() { # STEPS [options]
    styleshift train --steps "$(($1 / ${FASTER:-1}))" "${@:2}"
}

divide() {
    python -c "print($1 / ${FASTER:-1})"
}

learn_from() { # Patterns of paths below the folder, where DOMAIN stands for each of the two
    local domain pattern file
    for domain in "$x" "$y"; do
        rm -rf "audio/$domain"
        mkdir -p "audio/$domain"
        for pattern in "$@"; do
            for file in ${pattern/DOMAIN/$domain}; do
                [[ -e $file && $file == */"$domain"/* ]] || continue
                ln -s "../../$file" "audio/$domain/${file%%/*}-${file##*/}"
            done
        done
    done
    styleshift precompute audio
}

ship() { # EXPORTED MODEL
    python "$here/../ship_model.py" "$1" --card "$here/cards/$pair.toml" --licence "CC BY 4.0" ${SHELF:+--shelf "$SHELF"}
}
