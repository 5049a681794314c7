# What the scripts of both instrument pairs have in common; they set `pair`, `folder`, `scores` and `notes`, and source this.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
x=${pair%_*} y=${pair#*_}

render() { # NAME [options]: recordings of both sides, in FOLDER/NAME
    local made=$folder/$1
    shift
    [ -e "$made/index.csv" ] ||
        PYTHONPATH="$here/.." python -m material "$pair" "$made" --scores "$scores" --notes "$notes" "$@"
}

learn_from() { # Patterns of paths below the folder, where DOMAIN stands for each of the two
    local domain pattern file
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

ship() { # EXPORTED MODEL
    python "$here/../ship_model.py" "$1" --card "$here/cards/$pair.toml" --licence "CC BY 4.0"
}
