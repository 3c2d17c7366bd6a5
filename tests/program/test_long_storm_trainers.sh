#!/usr/bin/env bash
# The storm of test_storm_trainers.sh with 200 kills.
RIGOR_STORM_KILLS=200 exec bash "$(dirname "$0")/test_storm_trainers.sh" "$1"
