#!/usr/bin/env bash
# clang-format, the order of includes, and (unless --fast) clang-tidy; with --quick without its
# path-sensitive analyzer, which takes twenty times as long as all the rest.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
mapfile -t files < <(git ls-files '*.c' '*.h')

if clang-format --version | grep -q 'version 14\.'; then
    bad=$(clang-format --dry-run "${files[@]}" 2>&1 | grep -oE '^[^:]+\.[ch]' | sort -u)
    [ -z "$bad" ] || { echo "lint: run clang-format -i on:"; echo "$bad"; failed=1; }
else
    echo "lint: clang-format is not version 14, which the tree is formatted with: skipped"
fi

bash scripts/layers.sh || failed=1

checks=$(sed -n '/^Checks/,/^Warnings/p' .clang-tidy | grep -vE '^(Checks|Warnings)' | tr -d ' \n')
[ "${1:-}" = --quick ] && checks=${checks//clang-analyzer-\*,/}

if [ "${1:-}" != --fast ]; then
    [ -f build/compile_commands.json ] || cmake --preset release >/dev/null
    git ls-files 'src/*.c' 'zoo/*.c' | xargs -P "$(nproc)" -n 4 clang-tidy -p build --quiet --checks="$checks" \
        --extra-arg=-w `# the compiler's own warnings are the build's` \
        >build/tidy.log 2>/dev/null || failed=1
    grep -E 'warning:|error:' build/tidy.log | sort -u | head -n 40
fi
[ $failed = 0 ] && echo "lint: clean"
exit $failed
