#!/usr/bin/env bash
# A small study under valgrind, its workers included: nothing lost, nothing read that was not set.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
RIGOR_STUDIES=$work valgrind --quiet --error-exitcode=9 --leak-check=full \
    --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
    --trace-children=yes --trace-children-skip='*/git' \
    build/rigor run examples/quick.yaml -j 1 --quiet
RIGOR_STUDIES=$work build/rigor verify examples/quick.yaml
