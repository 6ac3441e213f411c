# bash completion of evsim; written by 'evsim completion bash'
_evsim() {
    local line="${COMP_LINE:0:COMP_POINT}" words=() answer=() word blanks tail files i
    # Bash cuts words at '=' and ':'; they are joined again unless blanks stand between them.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        blanks="${line%%[![:space:]]*}"
        line="${line#"$blanks"}"
        ((i == COMP_CWORD)) && word="$line"
        line="${line#"$word"}"
        if ((i > 1)) && [[ -z "$blanks" ]]; then
            words[${#words[@]} - 1]+="$word"
        elif ((i > 0)); then
            words+=("$word")
        fi
    done
    word="${words[${#words[@]} - 1]}"
    # Only what stands behind the last cut is replaced.
    tail="$word"
    [[ "$COMP_WORDBREAKS" == *=* ]] && tail="${tail##*=}"
    [[ "$COMP_WORDBREAKS" == *:* ]] && tail="${tail##*:}"
    mapfile -t answer < <("$1" __complete -- "${words[@]}" 2>/dev/null)
    ((${#answer[@]} > 0)) || return 0
    files="${answer[${#answer[@]} - 1]}"
    unset 'answer[${#answer[@]} - 1]'
    COMPREPLY=()
    for i in "${answer[@]}"; do
        i="${i%%$'\t'*}"
        COMPREPLY+=("${i#"${word%"$tail"}"}")
    done
    case "$files" in
        :directories | :files*)
            files="${files#:directories}"
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$tail")
            for i in ${files#:files}; do
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*.$i" -- "$tail")
            done
            compopt -o filenames 2>/dev/null
            ;;
    esac
    [[ ${#COMPREPLY[@]} == 1 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _evsim evsim
