#!/usr/bin/env bash
# Configures one preset and builds one target of it (all of them unless named).
# usage: scripts/build.sh release|debug|asan|tsan|fuzz|arm64 [TARGET [cmake options]]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
target=${2:-all}
shift $(($# > 1 ? 2 : 1))
case $preset in release) tree=build ;; *) tree=build/$preset ;; esac
mkdir -p "$tree"
log=$tree/ninja.log

# A quiet success, a loud failure.
cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 3; }
if [ -t 1 ]; then
    # One line that counts, from ninja itself.
    NINJA_STATUS='build: %f of %t  ' cmake --build "$tree" --target "$target" -j "${JOBS:-$(nproc)}" || exit 3
else
    echo "build: bringing $tree up to date (target $target; a minute or two the first time)"
    cmake --build "$tree" --target "$target" -j "${JOBS:-$(nproc)}" >"$log" 2>&1 ||
        { grep -vE '^\[[0-9]+/[0-9]+\]' "$log" | tail -n 60 >&2; exit 3; }
fi
echo "build: $tree is up to date"
