#!/usr/bin/env bash
# Quality of the search beside its peer: mean regret of our TPE and of Optuna's multivariate TPE on
# tables of measured configurations and on continuous functions, one JSON line each.
#   bench/search.sh [SEEDS]      20 seeds unless said; about a minute of Optuna for 3 seeds
# The tables are found in $RIGOR_SHARED, or in the folder `shared` beside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-20}
folder=${RIGOR_SHARED:-../shared}/data/hpo_tables
if [ ! -d "$folder" ]; then
    echo "bench/search.sh: no tables in $folder; set RIGOR_SHARED" >&2
    exit 2
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Ours are cheap: twenty times as many seeds, so that the noise left is the peer's.
build/bench/search regret tpe $((20 * seeds)) "$folder" >"$scratch/ours"
OMP_NUM_THREADS=1 /usr/bin/python3 bench/search/peer.py regret tpe "$seeds" "$folder" \
    >"$scratch/peer"
peer=$(/usr/bin/python3 -c 'import optuna; print("Optuna", optuna.__version__)')
paste -d ' ' "$scratch/ours" "$scratch/peer" | awk -v peer="$peer" '{
    printf "{\"workload\": \"TPE regret, %s trials\", \"ours_regret\": %s, ", $1, $2
    printf "\"peer\": \"%s\", \"peer_regret\": %s, \"ratio\": %.3f}\n", peer, $4, $4 / $2
}'
