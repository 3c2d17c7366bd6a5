#!/bin/bash
# Metrics from the study file to the verified report, and those that the data do not allow: they
# are refused before anything trains.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1

python3 - <<'PY'
import random
random.seed(1)
with open("houses.csv", "w") as file:
    file.write("area,age,price\n")
    for _ in range(240):
        area, age = random.uniform(20, 200), random.randrange(80)
        file.write(f"{area:.1f},{age},{3 * area - age + random.gauss(0, 20):.2f}\n")
PY

study() { # NAME DATA METRIC ALSO
    printf '%s\n' "study: $1" "data: $2" "metric: $3" "also: $4" \
        "base: {model: {name: linear}, train: {epochs: 2}}" \
        "arms: {full: {}, slow: {train.lr: 1e-5}}" "seeds: 5" "claims: [full > slow]" >"$1.yaml"
}

study classes digits log_loss "[auc, average_precision, perplexity, f1_macro]"
expect 0 "nll on the test set" "$rigor" run classes.yaml -j 1
expect 0 "" "$rigor" verify classes
"$rigor" report classes --format json | python3 -c '
import json, math, sys
for arm in json.load(sys.stdin)["arms"]:
    scores = {name: summary["values"] for name, summary in arm["metrics"].items()}
    assert sorted(scores) == ["macro_f1", "nll", "perplexity", "pr_auc", "roc_auc"], scores
    for nll, perplexity in zip(scores["nll"], scores["perplexity"]):
        assert math.isclose(math.exp(nll), perplexity, rel_tol=1e-12)
    assert all(0 < v <= 1 for name in ("roc_auc", "pr_auc") for v in scores[name])
' || fail "the scores of the study of classes"

study numbers houses.csv spearman "[rmse, r2]"
expect 0 "spearman on the test set" "$rigor" run numbers.yaml -j 1
expect 0 "" "$rigor" verify numbers

# What the data do not allow.
study pair digits f1 "[accuracy]"
expect 2 "f1 needs two classes, and the data have 10" "$rigor" run pair.yaml -j 1
study ranks houses.csv rmse "[ndcg@5]"
expect 2 "ndcg@5 ranks rows within groups.*" "$rigor" run ranks.yaml -j 1
expect 2 "data.group: COLUMN" "$rigor" run ranks.yaml -j 1
study task houses.csv accuracy "[rmse]"
expect 2 "the data hold numbers|houses.csv" "$rigor" run task.yaml -j 1
for name in pair ranks task; do
    [ ! -e "$RIGOR_STUDIES/$name/predictions" ] || fail "$name trained"
done
study number digits ndcg "[hits@0]"
expect 2 "write ndcg@10, or another number from 1 to 1000" "$rigor" check number.yaml
expect 2 "write hit_rate@10" "$rigor" check number.yaml

printf 'arm,seed,ndcg@10\na,1,.5\na,2,.6\na,3,.55\nb,1,.7\nb,2,.72\nb,3,.8\n' >ranks.csv
expect 0 "ndcg@10" "$rigor" compare ranks.csv

finish
