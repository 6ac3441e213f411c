#!/usr/bin/env bash
# run.sh [-w DIRECTORY].. [-t SECONDS] GUEST COMMAND: runs a bash command in the guest that build.sh made in GUEST, beside the interfaces vcan0 and vcan1.
#
# Files, working directory and PATH are those of the machine, read-only but for the directories of -w and the command's own TMPDIR. Exit
# status: the command's; 124 when it took longer than SECONDS (60); 125 when the guest did not come to the command.
set -uo pipefail
limit=60 writable=()
while getopts w:t: option; do
    case $option in
        w) writable+=("$(cd "$OPTARG" && pwd -P)") ;;
        t) limit=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 2 ] || { echo "usage: run.sh [-w DIRECTORY].. [-t SECONDS] GUEST COMMAND" >&2; exit 2; }
guest=$(cd "$1" && pwd -P) || exit 125
share=$(mktemp -d) && share=$(cd "$share" && pwd -P) || exit 125
trap 'rm -rf "$share"' EXIT
mkdir "$share/scratch" "$share/uml"
printf '%s\n' "${writable[@]}" | sed '/^$/d' >"$share/writable"
{
    declare -p PATH | sed 's/^declare -[a-z-]* /export /'
    printf 'export HOME=%q TMPDIR=%q LC_ALL=C.UTF-8\ncd %q || exit 125\n%s\n' "${HOME:-/}" "$share/scratch" "$PWD" "$2"
} >"$share/job"

# Without a TMPDIR of its own the guest's memory is a file in /dev/shm, where it is fast. Its console must not read what is typed here.
env -u TMPDIR -u TMP -u TEMP timeout "$limit" "$guest/linux" mem=256M initrd="$guest/first.gz" quiet con=null con0=null,fd:1 con1=null ssl=null \
    uml_dir="$share/uml" share="$share" </dev/null >"$share/console" 2>&1
ended=$?
cat "$share/out" 2>/dev/null
cat "$share/err" >&2 2>/dev/null
if [ -s "$share/code" ]; then exit "$(cat "$share/code")"; fi
if [ $ended -eq 124 ]; then echo "uml: not finished after $limit s" >&2; exit 124; fi
tail -n 20 "$share/console" "$share/log" >&2
exit 125
