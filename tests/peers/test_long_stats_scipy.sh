#!/bin/bash
# Our statistics and SciPy's, on 1,000 random inputs for each function that both have.
#   bash test_long_stats_scipy.sh BUILD_FOLDER    RIGOR_TEST_SEED chooses other inputs
set -euo pipefail
here=$(dirname "$0")
seed=${RIGOR_TEST_SEED:-1}
python=python3
for candidate in python3 /usr/bin/python3; do
    if $candidate -c 'import scipy' 2>/dev/null; then
        python=$candidate
        break
    fi
    python=
done
if [ -z "$python" ]; then
    echo "skipped: SciPy is not installed (Debian: apt-get install python3-scipy)"
    exit 77
fi
echo "seed $seed"
"$1/tests/tool.stats" scipy "$seed" 1000 | "$python" "$here/check.py"
