/// The shells that `evsim completion` writes scripts for.
enum CompletionShell: String, CaseIterable {
    case bash, zsh, fish
}

/// `evsim completion`: scripts that hand the words to `evsim __complete` and show its answer.
///
/// The answer is one candidate a line, with an explanation behind a tab, and as last line `:none`, `:directories` or `:files`
/// with endings.
enum CompletionScript {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let shell = arguments[0].flatMap({ CompletionShell(rawValue: $0) }) else { return .usage }
        console.output.write(text(shell))
        return .fine
    }

    static func text(_ shell: CompletionShell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// Bash splits words at '=' and ':'; the script joins them again and cuts the answer where bash does.
    private static let bash = #"""
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

        """#

    private static let zsh = #"""
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

        """#

    private static let fish = #"""
        # fish completion of evsim; written by 'evsim completion fish'
        function __evsim_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l answer ($words[1] __complete -- $words[2..-1] $current 2>/dev/null)
            test (count $answer) -gt 0; or return
            set -l rest $answer[-1]
            set -e answer[-1]
            for line in $answer
                echo $line
            end
            switch $rest
                case ':directories'
                    __fish_complete_directories $current
                case ':files*'
                    for ending in (string split -n ' ' (string replace ':files' '' $rest))
                        __fish_complete_suffix .$ending
                    end
            end
        end
        complete -c evsim -f -a '(__evsim_complete)'

        """#
}
