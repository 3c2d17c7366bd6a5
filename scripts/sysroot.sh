#!/usr/bin/env bash
# Unpacks this system's libraries for AArch64, at the versions of its own release, into
# build/arm64/sysroot: what scripts/arm64.sh links against and runs with.
#
# They are unpacked, not installed, because a second architecture in dpkg concerns the whole machine:
# from then on every library that both have must be at one version, or no upgrade goes through.  apt
# resolves and verifies the packages as always (same sources, same keys) but keeps its state below the
# build tree and believes that nothing is installed; that needs no root.
# Exit code 3: the packages could not be had.
# usage: scripts/sysroot.sh PACKAGE...
set -euo pipefail
cd "$(dirname "$0")/.."
sysroot=build/arm64/sysroot
stamp=$sysroot/packages
[ "$(cat "$stamp" 2>/dev/null)" != "$*" ] || exit 0

work=$PWD/build/arm64/apt
rm -rf "$sysroot" "$work"
mkdir -p "$sysroot/usr/lib" "$sysroot/usr/include" "$work/lists/partial" "$work/cache/archives/partial"
: >"$work/status"
cat >"$work/apt.conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Dir::State "$work";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
END
export APT_CONFIG=$work/apt.conf

fetch() {
    # A source that has no packages for AArch64 is a warning; what is missing in the end, an error.
    apt-get update -q || true
    apt-get install -y -q --download-only "$@"
}
fetch "$@" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    echo "sysroot: the AArch64 packages could not be fetched (above: the end of $work/log)" >&2
    exit 3
}

# /lib is /usr/lib, as on the systems that the packages come from.
ln -s usr/lib "$sysroot/lib"
for package in "$work"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$sysroot" --keep-directory-symlink
done
# Links to absolute paths mean paths in the sysroot.
find "$sysroot" -type l -lname '/*' -printf '%l\t%p\n' |
    while IFS=$'\t' read -r target link; do ln -sfr "$sysroot$target" "$link"; done
rm -rf "$work"
echo "$*" >"$stamp"
echo "sysroot: $sysroot has $*" | fold -s -w 96
