#!/usr/bin/env bash
# Installs the Debian packages that a tier needs and that are not there yet.  Idempotent.
# The tier arm64 (a part of make check-long) also unpacks libraries for AArch64 into the build tree; where
# it cannot be had, it says so and ends with 0, as scripts/arm64.sh is then left out.
# usage: scripts/deps.sh build|check|long|arm64|bench
set -euo pipefail
cd "$(dirname "$0")/.."

libraries="libjansson-dev libsodium-dev zlib1g-dev libsqlite3-dev libuv1-dev libfyaml-dev"
build="gcc libc6-dev cmake ninja-build pkg-config $libraries libdnnl-dev ca-certificates"
check="$build libcmocka-dev clang clang-format clang-tidy valgrind chromium sqlite3 python3 python3-numpy
       r-base-core python3-sklearn python3-torch"
long="$check python3-scipy python3-optuna"
arm64="gcc-aarch64-linux-gnu qemu-user"
# The peers' best: without OpenBLAS, Debian's PyTorch falls back to a BLAS ten times as slow.
bench="$build python3 python3-numpy python3-scipy python3-torch python3-optuna libopenblas0-pthread
       linux-perf"

tier=${1:-build}
case $tier in
build | check | long | arm64 | bench) wanted=${!tier} ;;
*) echo "usage: scripts/deps.sh build|check|long|arm64|bench" >&2; exit 2 ;;
esac

# Node may come from elsewhere than Debian; what counts is that it is there.
command -v node >/dev/null || wanted="$wanted nodejs"
command -v npm >/dev/null || wanted="$wanted npm"

have() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
missing_of() { for package in "$@"; do have "$package" || printf '%s ' "$package"; done; }

# Counts what apt-get says: on one line of a terminal, elsewhere every 100 packages.
count_packages() {
    local line what total="" fetched=0 unpacked=0 done=0 n
    while read -r line; do
        case $line in
        *" newly installed"*) total=" of $(grep -oE '[0-9]+ newly' <<<"$line" | grep -oE '[0-9]+')"; continue ;;
        Get:*) what=fetched n=$((++fetched)) ;;
        Unpacking*) what=unpacked n=$((++unpacked)) ;;
        "Setting up"*) what="set up" n=$((++done)) ;;
        *) continue ;;
        esac
        if [ -t 1 ]; then
            printf '\r\033[Kdeps: %s %d%s packages' "$what" $n "$total"
        elif [ $((n % 100)) = 0 ]; then
            echo "deps: $what $n$total packages"
        fi
    done
    [ ! -t 1 ] || printf '\r\033[K'
}

install() {
    [ $# -gt 0 ] || return 0
    local root="" log
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "deps: as root, run: apt-get install $*" >&2; exit 2; }
        root=sudo
    fi
    log=$(mktemp)
    echo "deps: installing, with what they need: $*" | fold -s -w 80
    $root apt-get update -q >"$log" 2>&1 &&
        $root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -y -q --no-install-recommends \
            "$@" 2>&1 </dev/null | tee -a "$log" | count_packages || {
        tail -n 20 "$log" >&2
        echo "deps: apt-get failed (its last lines are above); its whole output: $log" >&2
        exit 3
    }
    rm -f "$log"
}

if ! command -v apt-get >/dev/null; then
    echo "deps: no apt-get here; install the likes of: $wanted" >&2
    exit 0
fi
if [ "$tier" = arm64 ]; then
    [ "$(uname -m)" != aarch64 ] || { echo "deps: this machine is AArch64: nothing to emulate"; exit 0; }
    # shellcheck disable=SC2046,SC2086
    if ! (install $(missing_of $wanted)) || ! scripts/sysroot.sh libc6-dev libcmocka-dev $libraries; then
        echo "deps: AArch64 cannot be emulated here (the reason is above); make check-long leaves it out"
        exit 0
    fi
fi
# shellcheck disable=SC2046,SC2086
install $(missing_of $wanted)
if [ "$tier" = check ] || [ "$tier" = long ]; then
    # The sanitizers' runtime for clang has its version in its name.
    version=$(clang -dumpversion | cut -d. -f1)
    # shellcheck disable=SC2046
    install $(missing_of "libclang-rt-$version-dev")
fi
echo "deps: all packages for '$tier' are installed"
