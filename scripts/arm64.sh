#!/usr/bin/env bash
# Builds everything for AArch64 and tests there what computes: the portable kernels (neither machine code
# nor oneDNN) against the reference interpreter, and a study from its file to its verdict.
#
# AArch64 is emulated by qemu in user mode, which passes system calls on to this kernel but knows neither
# Landlock nor seccomp's filters: what needs them (tests/sandbox, tests/launch) is built and not run.
# Exit code 77: cannot be done here; the last line says why.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=build/arm64
sysroot=$PWD/$tree/sysroot

skip() { echo "arm64: $*"; exit 77; }
[ "$(uname -m)" != aarch64 ] || skip "this machine is AArch64: make check has tested it"
for tool in aarch64-linux-gnu-gcc qemu-aarch64 "$sysroot/packages"; do
    command -v "$tool" >/dev/null || [ -f "$tool" ] || skip "$tool is missing: scripts/deps.sh arm64 fetches it"
done

# Runs a command that starts AArch64 programs.  The program starts its workers by exec, so the kernel must
# know what to run them with: where it does not, it is told in namespaces of the command's own, which
# leaves the machine as it is (Linux 6.7).  Exit code 126: the kernel does not allow it.
emulated() {
    export QEMU_LD_PREFIX=$sysroot
    if $tree/rigor --version >/dev/null 2>&1; then
        "$@"
        return
    fi
    # shellcheck disable=SC2016
    unshare --user --map-root-user --mount bash -c '
        binfmt=/proc/sys/fs/binfmt_misc
        mount -t binfmt_misc binfmt_misc $binfmt && printf %s "$0" >$binfmt/register || exit 126
        exec "$@"' "$(elf_rule)" "$@"
}

# 64-bit little-endian ELF (1 1) for machine 183, a program or a shared object (2 or 3).
elf_rule() {
    printf ':rigor-aarch64:M::%s:%s:%s:F' \
        '\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' \
        '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' \
        "$(command -v qemu-aarch64)"
}

# A study from its file to its verdict; what AArch64 has recorded is then verified by this processor, too.
study() {
    local work code=0
    work=$(mktemp -d)
    RIGOR_STUDIES=$work emulated bash -c "
        $tree/rigor run examples/quick.yaml --quiet && $tree/rigor verify examples/quick.yaml" || code=$?
    if [ $code = 0 ] && [ -x build/rigor ]; then
        RIGOR_STUDIES=$work build/rigor verify examples/quick.yaml || code=$?
    fi
    rm -rf "$work"
    [ $code != 126 ] || { echo "arm64: no study: this kernel has no binfmt_misc for a user namespace"; return 0; }
    return $code
}

at=$SECONDS
scripts/build.sh arm64
echo "arm64: built in $((SECONDS - at)) s" && at=$SECONDS
ctest --test-dir $tree --no-tests=error --output-on-failure -j "${JOBS:-$(nproc)}" \
    -LE 'long|program' -R '^(base|data|engine|worker)\.'
echo "arm64: tested in $((SECONDS - at)) s" && at=$SECONDS
study
echo "arm64: a study in $((SECONDS - at)) s"
