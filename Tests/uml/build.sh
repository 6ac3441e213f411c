#!/usr/bin/env bash
# build.sh DIRECTORY: makes a Linux that has CAN and runs as an ordinary program: DIRECTORY/linux and DIRECTORY/first.gz.
#
# The kernel and its modules are Debian's package user-mode-linux, the shell is busybox-static; both are downloaded with apt-get and
# unpacked, nothing is installed. What is there already is kept. Exit 1, with one line, when something cannot be had.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: build.sh DIRECTORY" >&2; exit 2; }
give_up() { echo "uml: $1" >&2; exit 1; }
[ "$(uname -sm)" = "Linux x86_64" ] || give_up "User-Mode Linux runs on Linux x86_64 only"
for program in apt-get dpkg-deb cpio gzip; do command -v $program >/dev/null || give_up "'$program' is missing"; done
mkdir -p "$1/packages" && cd "$1" || give_up "cannot write $1"
if [ -x linux ] && [ first.gz -nt "$here/init" ]; then exit 0; fi

for package in user-mode-linux busybox-static; do
    compgen -G "packages/${package}_*.deb" >/dev/null || (cd packages && apt-get download -qq $package 2>download.log) || give_up "cannot download $package"
done
rm -rf tree first && mkdir tree first
for archive in packages/*.deb; do dpkg-deb -x "$archive" tree || give_up "cannot unpack $archive"; done

# The first file system: a shell, the modules in the order in which init loads them, and init.
mkdir -p first/{bin,modules,proc,sys,dev,machine}
cp tree/bin/busybox first/bin/
number=10
for module in net/can/can net/can/can-raw net/can/can-gw drivers/net/can/dev/can-dev drivers/net/can/vcan; do
    found=$(compgen -G "tree/usr/lib/uml/modules/*/kernel/$module.ko") || give_up "the kernel has no $module"
    cp "$found" "first/modules/$number-${module##*/}.ko"
    number=$((number + 1))
done
install -m 755 "$here/init" first/init
(cd first && find . | LC_ALL=C sort | cpio --quiet -o -H newc) | gzip -1n >first.gz || give_up "cannot pack the first file system"
cp tree/usr/bin/linux.uml linux
rm -rf tree first
