#!/usr/bin/env bash
# Pages of the plugins: written from what the plugins say about themselves.
#
#   Tests/plugin-pages.sh EVSIM          compares docs/plugins with what evsim writes; prints one line for each that differs
#   Tests/plugin-pages.sh EVSIM write    writes the pages anew
set -uo pipefail
cd "$(dirname "$0")/.."
evsim=$1
mode=${2:-check}
differs=0
names=$(find plugins -name '*.yaml' | LC_ALL=C sort)

page() { # plugin file -> page
    local name=${1#plugins/}
    echo "docs/plugins/$(tr / - <<<"${name%.yaml}").md"
}
index() {
    echo "# Plugins that come with evsim"
    echo
    echo "Each is one YAML file below [plugins](../../plugins), used by \`uses: [evsim/NAME]\`, with scenarios in [scenarios/plugins](../../scenarios/plugins)."
    echo "How to write one of your own: [docs/plugins.md](../plugins.md)."
    echo
    echo "| Plugin | What it is for |"
    echo "|---|---|"
    for file in $names; do
        name=${file#plugins/}
        echo "| [evsim/${name%.yaml}]($(basename "$(page "$file")")) | $(sed -n 3p "$(page "$file")") |"
    done
    echo
    echo "This page is generated: \`Tests/plugin-pages.sh .build/release/evsim write\`."
}

[ "$mode" = write ] && rm -rf docs/plugins && mkdir -p docs/plugins
for file in $names; do
    name=${file#plugins/}
    if [ "$mode" = write ]; then
        "$evsim" describe "evsim/${name%.yaml}" --markdown >"$(page "$file")" || exit 1
    elif ! "$evsim" describe "evsim/${name%.yaml}" --markdown | diff -q - "$(page "$file")" >/dev/null 2>&1; then
        echo "$(page "$file") is not what 'evsim describe evsim/${name%.yaml} --markdown' writes"
        differs=1
    fi
done
if [ "$mode" = write ]; then index >docs/plugins/README.md; else index | diff -q - docs/plugins/README.md >/dev/null || { echo "docs/plugins/README.md is old"; differs=1; }; fi
exit $differs
