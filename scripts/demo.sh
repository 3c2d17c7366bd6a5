#!/usr/bin/env bash
# Runs the digits study, which says where its report is; run again, it prints the same verdicts.
set -euo pipefail
cd "$(dirname "$0")/.."
command="rigor run examples/digits.yaml"
echo "demo: $command"
PATH=$PWD/build:$PATH $command
cat <<END

The study is in studies/digits-dropout: its report as a page (report.html) and
the ledger that proves it (ledger.db).  Next:
  build/rigor verify digits-dropout    recompute every number of the report
  build/rigor show digits-dropout      the verdicts again
  build/rigor                          the other commands
END
