#!/bin/bash
# Our statistics and R's, on 1,000 random inputs for each function that both have.
#   bash test_long_stats_r.sh BUILD_FOLDER        RIGOR_TEST_SEED chooses other inputs
set -eu
tool=$1/tests/tool.stats
seed=${RIGOR_TEST_SEED:-1}
if ! command -v Rscript >/dev/null; then
    echo "skipped: R is not installed (Debian: apt-get install r-base-core)"
    exit 0
fi
program=$(mktemp)
trap 'rm -f "$program"' EXIT
cat >"$program" <<'R'
checked <- 0
wrong <- 0
same <- function(label, theirs, ours, tolerance) {
    checked <<- checked + 1
    theirs <- suppressWarnings(as.numeric(theirs))
    if (identical(theirs, ours) || abs(theirs - ours) <= tolerance * max(abs(theirs), 1e-270))
        return(invisible())
    wrong <<- wrong + 1
    if (wrong <= 20)
        cat(sprintf("%s: R %.17g, ours %.17g, relative difference %.2g\n", label, theirs, ours,
                    abs(theirs - ours) / abs(theirs)))
}
R
"$tool" "$seed" 1000 >>"$program"
cat >>"$program" <<'R'
cat(sprintf("seed %s: %d comparisons with %s, %d differ\n", Sys.getenv("RIGOR_TEST_SEED", "1"),
            checked, R.version.string, wrong))
quit(status = if (wrong > 0) 1 else 0)
R
Rscript --vanilla "$program"
