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
