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

# Rankings within groups, by numbers and by classes.
python3 - <<'PY'
import random
random.seed(3)
with open("queries.csv", "w") as file:
    file.write("query,match,length,relevance\n")
    for query in range(60):
        for _ in range(random.randrange(5, 12)):
            match = random.gauss(0, 1)
            grade = min(3.5, max(0, round(2 * match + random.gauss(0, 0.5)) / 2))
            file.write(f"{query},{match:.3f},{random.randrange(9)},{grade}\n")
PY
study ranking "{name: queries.csv, group: query, split: {group: query, train: 0.6, val: 0.2, test: 0.2}}" \
    ndcg@5 "[hits@1, map, spearman]"
expect 0 "full is better than slow: ndcg@5 is higher" "$rigor" run ranking.yaml -j 1 train.epochs=30
expect 0 "" "$rigor" verify ranking
sed 's/ranking/graded/; s/map, spearman/map, accuracy/' ranking.yaml >graded.yaml
sed -i.bak 's/\.5$//' queries.csv
expect 0 "ndcg@5 on the test set" "$rigor" run graded.yaml -j 1
expect 0 "" "$rigor" verify graded

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

# Programs that hand in tables: classes by name, in any order, as labels and as probabilities.
python3 - <<'PY'
import random
random.seed(2)
with open("animals.csv", "w") as file:
    file.write("legs,kind\n")
    for _ in range(200):
        kind = random.choice(["cat", "eel", "hen"])
        legs = {"cat": 4, "eel": 0, "hen": 2}[kind]
        file.write(f"{random.choice([legs, legs, legs, 3])},{kind}\n")
PY
cat >predict.awk <<'AWK'
BEGIN { FS = OFS = ","; split("hen,cat,eel", name)
    print form == "probabilities" ? "id,hen,cat,eel" : "id,label" }
FNR == 1 || (form == "lost" && FNR < 4) { next }
{ kind = $2 < -0.9 ? "eel" : $2 < 0.3 ? "hen" : "cat"; line = $1
    for (k = 1; k <= 3; k++) line = line OFS (name[k] == kind ? 0.8 : 0.1)
    print form == "probabilities" ? line : $1 OFS kind }
AWK
cat >predict.sh <<'SH'
awk -v form="$1" -f predict.awk "$RIGOR_TEST_INPUTS" | sort -r >"$RIGOR_OUT/predictions.csv"
SH
program() { # NAME FORM METRIC
    printf '%s\n' "study: $1" "data: animals.csv" "metric: $3" "also: [macro_f1]" \
        "trainer: {command: \"sh predict.sh $2 {lr}\", data: csv}" "base: {lr: 1}" \
        "arms: {full: {}, slow: {lr: 2}}" "seeds: 5" "claims: [full > slow]" >"$1.yaml"
    expect 0 "" "$rigor" run "$1.yaml" -j 2
    expect 0 "" "$rigor" verify "$1"
    "$rigor" report "$1" --format json >"$1.json"
}
reason() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["arms"][0]["failed"][0]["reason"])' "$1.json"; }
means() { python3 -c 'import json, sys; print([m["mean"] for m in json.load(open(sys.argv[1]))["arms"][0]["metrics"].values()])' "$1.json"; }
program named labels accuracy
program shares probabilities accuracy
[ "$(means named)" = "$(means shares)" ] || fail "labels and probabilities score differently"
python3 -c 'import sys; assert eval(sys.argv[1])[0] > 0.8' "$(means named)" || fail "named: $(means named)"
program unsure labels nll
reason unsure | grep -q "nll needs probabilities" || fail "unsure: $(reason unsure)"
program lost lost accuracy
reason lost | grep -qE "there is no prediction for ids [0-9]+, [0-9]+" || fail "lost: $(reason lost)"

printf 'arm,seed,ndcg@10\na,1,.5\na,2,.6\na,3,.55\nb,1,.7\nb,2,.72\nb,3,.8\n' >ranks.csv
expect 0 "ndcg@10" "$rigor" compare ranks.csv

finish
