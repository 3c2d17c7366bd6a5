#!/bin/sh
sleep 0.2
. ./predict.sh
# changed
