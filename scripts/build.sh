#!/usr/bin/env bash
# Configures and builds one preset.  usage: scripts/build.sh release|debug|asan|tsan|fuzz [cmake options]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
cmake --preset "$preset" "$@" >/dev/null
case $preset in release) tree=build ;; *) tree=build/$preset ;; esac
# A quiet success, a loud failure.
ninja -C "$tree" -j "${JOBS:-$(nproc)}" >"$tree/ninja.log" 2>&1 ||
    { grep -vE '^\[[0-9]+/[0-9]+\]' "$tree/ninja.log" | tail -n 60 >&2; exit 3; }
echo "build: $tree is up to date"
