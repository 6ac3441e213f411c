#compdef evsim
# zsh completion of evsim; written by 'evsim completion zsh'
_evsim() {
    local -a answer plain open
    local line rest tab=$'\t'
    answer=("${(@f)$(${words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    (( ${#answer} )) || return 1
    rest="${answer[-1]}"
    answer[-1]=()
    for line in "${answer[@]}"; do
        line="${${line//:/\\:}/$tab/:}"
        if [[ "${line%%:*}" == *= ]]; then open+=("$line"); else plain+=("$line"); fi
    done
    (( ${#plain} )) && _describe -t values 'evsim' plain
    (( ${#open} )) && _describe -t values 'evsim' open -S ''
    case "$rest" in
        :directories) _files -/ ;;
        :files*) _files -g "*.(${(j:|:)${=rest#:files}})" ;;
    esac
}
if [ "$funcstack[1]" = "_evsim" ]; then _evsim "$@"; else compdef _evsim evsim; fi
