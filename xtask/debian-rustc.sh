#!/usr/bin/env bash
# debian-rustc.sh DIR VERSION: makes Debian's rustc-web of that version available as DIR/rustc.
#
# Unpacks the package without installing it, so that it cannot affect other compilers on the machine. Installs only the
# LLVM that it links to. Needs root, and Debian 12, whose rustc-web is 1.85.
set -euo pipefail

mkdir -p "$1/packages"
dir=$(realpath "$1")
version=$2
[ ! -x "$dir/rustc" ] || exit 0

release() { apt-cache madison rustc-web | awk -v v="$version." 'index($3, v) == 1 { print $3; exit }'; }
full=$(release)
if [ -z "$full" ]; then
    apt-get update -qq
    full=$(release)
fi
[ -n "$full" ] || { echo "apt has no rustc-web $version" >&2; exit 1; }

cd "$dir/packages"
# As root, because apt's own user may not write here.
apt-get download -qq -o APT::Sandbox::User=root "rustc-web=$full" "libstd-rust-web-$version=$full" "libstd-rust-web-dev=$full"
llvm=$(dpkg-deb -f rustc-web_*.deb Depends; dpkg-deb -f "libstd-rust-web-${version}"_*.deb Depends)
llvm=$(grep -o 'libllvm[0-9]*' <<<"$llvm" | head -n 1)
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$llvm" >/dev/null
for package in *.deb; do dpkg-deb -x "$package" "$dir/root"; done

cd "$dir"
rm -r packages
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)
cat >rustc <<SCRIPT
#!/bin/sh
LD_LIBRARY_PATH='$libraries' exec '$dir/root/usr/bin/rustc' "\$@"
SCRIPT
chmod +x rustc
