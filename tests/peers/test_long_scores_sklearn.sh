#!/bin/bash
# Our scores and scikit-learn's, on random predictions with ties: 1,000 and more of each metric.
#   bash test_long_scores_sklearn.sh BUILD_FOLDER    RIGOR_TEST_SEED chooses other inputs
set -euo pipefail
here=$(dirname "$0")
seed=${RIGOR_TEST_SEED:-1}
python=
for candidate in python3 /usr/bin/python3; do
    if $candidate -c 'import sklearn' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "skipped: scikit-learn is not installed (Debian: apt-get install python3-sklearn)"
    exit 77
fi
echo "seed $seed"
"$1/tests/tool.scores" "$seed" 12000 | "$python" "$here/scores_sklearn.py" check
