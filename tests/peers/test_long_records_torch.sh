#!/bin/bash
# The recorded tensors of tests/engine/nn, recorded again by the PyTorch that is installed: what
# was computed in float64 agrees to 1e-12 of its size, in float32 to 1e-6.
#   bash test_long_records_torch.sh BUILD_FOLDER
set -euo pipefail
here=$(dirname "$0")
python=
for candidate in python3 /usr/bin/python3; do
    if $candidate -c 'import torch' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "skipped: PyTorch is not installed (Debian: apt-get install python3-torch)"
    exit 77
fi
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
for script in record_torch record_torch_layers record_recurrent; do
    "$python" "$here/$script.py" "$again"
done
"$python" "$here/records_compare.py" "$here/../engine/nn" "$again" torch.json=1e-6 \
    recurrent.json=1e-6 torch_layers.json=1e-12 torch_rules.json=1e-12
