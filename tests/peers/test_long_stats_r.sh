#!/bin/bash
# Our statistics and R's, on 1,000 random inputs for each function that both have.
#   bash test_long_stats_r.sh BUILD_FOLDER        RIGOR_TEST_SEED chooses other inputs
set -euo pipefail
here=$(dirname "$0")
seed=${RIGOR_TEST_SEED:-1}
if ! command -v Rscript >/dev/null; then
    echo "skipped: R is not installed (Debian: apt-get install r-base-core)"
    exit 77
fi
echo "seed $seed"
"$1/tests/tool.stats" r "$seed" 1000 | Rscript --vanilla "$here/check.R"
