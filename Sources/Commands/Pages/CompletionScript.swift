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
            local line="${COMP_LINE:0:COMP_POINT}" current words=() answer=() rest file prefix i
            for ((i = 1; i <= COMP_CWORD; i++)); do
                current="${COMP_WORDS[i]}"
                rest="${line#*"$current"}"
                if ((i > 1)) && [[ "$line" != [[:space:]]* ]] && ((${#words[@]} > 0)) \
                    && [[ "$current" == [=:]* || "${COMP_WORDS[i - 1]}" == [=:] ]]; then
                    words[${#words[@]} - 1]+="$current"
                else
                    words+=("$current")
                fi
                ((i > 0)) && line="$rest"
            done
            current="${words[${#words[@]} - 1]}"
            mapfile -t answer < <("$1" __complete -- "${words[@]}" 2>/dev/null)
            ((${#answer[@]} > 0)) || return 0
            rest="${answer[${#answer[@]} - 1]}"
            unset 'answer[${#answer[@]} - 1]'
            # What bash has already cut off in front of the word under the cursor.
            prefix="${current%"${COMP_WORDS[COMP_CWORD]#[=:]}"}"
            file="${current#"$prefix"}"
            COMPREPLY=()
            for i in "${answer[@]}"; do
                i="${i%%$'\t'*}"
                [[ "$i" == "$current"* ]] && COMPREPLY+=("${i#"$prefix"}")
            done
            case "$rest" in
                :directories) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$file") ;;
                :files*)
                    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$file")
                    for i in ${rest#:files}; do
                        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*.$i" -- "$file")
                    done
                    ;;
            esac
            [[ "$rest" == :none ]] || compopt -o filenames 2>/dev/null
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
            local line rest
            answer=("${(@f)$(${words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
            (( ${#answer} )) || return 1
            rest="${answer[-1]}"
            answer[-1]=()
            for line in "${answer[@]}"; do
                line="${${line//:/\\:}/$'\t'/:}"
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
