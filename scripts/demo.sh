#!/usr/bin/env bash
# Runs the digits study and says where its report is.
set -euo pipefail
cd "$(dirname "$0")/.."
build/rigor run examples/digits.yaml
