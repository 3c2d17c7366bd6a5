#!/usr/bin/env bash
# The shims alone: what they read, every message a line of JSON whatever is in it, predictions in the
# form that is read, an end by SIGTERM that is one; and the same without Rigor.  (Julia is not in
# Debian 12: its file is not run.)
. "$(dirname "$0")/support.sh"
export PATH=/usr/bin:$PATH PYTHONPATH=$root/shims PYTHONDONTWRITEBYTECODE=1
cd "$work" || exit 1
mkdir out parts
printf 'id,x1,x2,y\n7,0.5,-1e-3,1\n9,2,3,0\n' >parts/train.csv
printf 'id,x1,x2,y\r\n8,1,2,1\r\n' >parts/val.csv
printf 'id,x1,x2\n3,1,2\n1,4,5\n' >parts/test_inputs.csv
cat >config.json <<'JSON'
{"lr": 1e-3, "model": {"width": 64, "name": "m\"\u00e9\\"}, "on": true, "off": false, "list": [1, 2.5],
 "a.b": 5, "empty": {}, "none": null, "texts": ["}", "lr"]}
JSON

cat >try.c <<'C'
#include "rigor.h"
int main(int count, char **word)
{
    char text[40] = "";
    rigor_table train, val, test;
    if (!rigor_load("train", &train) || !rigor_load("val", &val) || !rigor_load("test_inputs", &test))
        return 1;
    rigor_on_stop();
    rigor_config("model.name", text, sizeof(text));
    const double told[] = {rigor_number("lr", 9), rigor_number("model.width", 9), rigor_number("gone", 9),
                           rigor_flag("on", 0), rigor_flag("off", 1), rigor_number("a.b", 9)};
    static const char *const names[] = {"lr", "width", "gone", "on", "off", "ab"};
    rigor_report_all(3, 6, names, told);
    const double data[] = {train.rows, train.columns, train.id[1], train.x[1], train.y[0], val.id[0],
                           val.y[0], test.y == NULL, test.x[3], NAN};
    static const char *const more[] = {"rows", "columns", "id", "x", "y", "vid", "vy", "unlabelled", "tx", "nan"};
    rigor_report_all(4, 10, more, data);
    rigor_note("a \"quoted\"\n\\ note é");
    rigor_checkpoint("state");
    rigor_environment("cc", "99");
    rigor_predict(test.id, test.rows, 2, (double[]){0.25, 0.75, 1, 0});
    if (count > 1 && strcmp(word[1], "stop") == 0) {
        raise(SIGTERM);
        if (!rigor_stopping())
            return 2;
        rigor_stop();
    }
    rigor_table_free(&train);
    rigor_table_free(&val);
    rigor_table_free(&test);
    return 0;
}
C
cat >try.py <<'PY'
import sys
if "bare" in sys.argv: sys.modules["numpy"] = None
import rigor
train, val, test = (rigor.load(name) for name in ("train", "val", "test_inputs"))
get = rigor.get
rigor.seed_all()
rigor.report(3, lr=get("lr", 9), width=get("model.width", 9), gone=get("gone", 9), on=get("on", 0), off=get("off", 1),
             ab=get("a.b", 9))
rigor.report(4, rows=len(train), columns=len(train.x[0]), id=train.id[1], x=train.x[0][1], y=train.y[0],
             vid=val.id[0], vy=val.y[0], unlabelled=test.y is None, tx=test.x[1][1], nan=float("nan"))
rigor.note('a "quoted"\n\\ note é')
rigor.environment(cc=99)
rigor.checkpoint("state", lambda path: open(path, "w").close())
rigor.predict(test.id, probabilities=[[0.25, 0.75], [1, 0]])
if "stop" in sys.argv:
    import os, signal, time
    rigor.on_stop(lambda: rigor.note("saved"))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
PY
cat >try.R <<'R'
source(file.path(Sys.getenv("SHIMS"), "rigor.R"))
train <- rigor_load("train"); val <- rigor_load("val"); test <- rigor_load("test_inputs")
if (rigor$inside) stopifnot(identical(rigor_get("model.name"), "m\"\u00e9\\"), identical(rigor_get("list"), c(1, 2.5)),
    identical(rigor_get("texts"), c("}", "lr")), is.null(rigor_get("none")))
rigor_report(step = 3, lr = rigor_get("lr", 9), width = rigor_get("model.width", 9), gone = rigor_get("gone", 9),
             on = rigor_get("on", 0), off = rigor_get("off", 1), ab = rigor_get("a.b", 9))
rigor_report(step = 4, rows = nrow(train$x), columns = ncol(train$x), id = train$id[2], x = train$x[1, 2],
             y = train$y[1], vid = val$id, vy = val$y, unlabelled = is.null(test$y), tx = test$x[2, 2], nan = NaN)
rigor_note("a \"quoted\"\n\\ note \u00e9")
rigor_environment(cc = 99)
rigor_checkpoint(1, "state")
rigor_predict(test$id, probabilities = matrix(c(0.25, 1, 0.75, 0), 2))
R

told=(RIGOR_STAGE=evaluate RIGOR_SEED=12345678901 RIGOR_CONFIG="$work/config.json" RIGOR_OUT="$work/out" RIGOR_PARTS="$work/parts"
    RIGOR_PREDICTIONS="$work/out/predictions.npz" SHIMS="$root/shims")
# heard WHAT COMMAND...: runs it under the protocol and looks at all that it says.
heard() {
    local what=$1
    shift
    rm -f out/*
    env "${told[@]}" "$@" >"$work/said" 2>"$work/err" || fail "$what: exit code $?: $(cat "$work/err")"
    python3 - "$work/said" <<'PY' || fail "$what: $(cat "$work/said")"
import json, os, sys
said = [json.loads(line[7:]) for line in open(sys.argv[1], encoding="utf-8") if line.startswith("@rigor ")]
one, two = said[0], said[1]
assert one == {"step": 3, "lr": 1e-3, "width": 64, "gone": 9, "on": 1, "off": 0, "ab": 5}, one
assert abs(two.pop("x") + 1e-3) < 1e-9, two
assert two == {"step": 4, "rows": 2, "columns": 2, "id": 9, "y": 1, "vid": 8, "vy": 1, "unlabelled": 1, "tx": 5, "nan": None}, two
rest = {key: value for message in said[2:] for key, value in message.items()}
assert rest["note"].split() == ["a", '"quoted"', "\\", "note", "é"], rest
assert rest["checkpoint"] == "state" and rest["environment"]["cc"] == "99", rest
if os.path.exists("out/predictions.npz"):
    import numpy
    p = numpy.load("out/predictions.npz")
    assert p["id"].tolist() == [3, 1] and p["value"].tolist() == [[.25, .75], [1, 0]], p
else:
    rows = [line.strip().split(",") for line in open("out/predictions.csv")]
    assert rows[0] == ["id", "0", "1"], rows
    assert [[float(c) for c in row] for row in rows[1:]] == [[3, .25, .75], [1, 1, 0]], rows
PY
}
# Without Rigor: defaults, plain lines, no message.
alone() {
    local what=$1
    shift
    rm -f predictions.*
    env RIGOR_PARTS="$work/parts" SHIMS="$root/shims" "$@" >"$work/said" 2>"$work/err" || fail "$what by hand: $(cat "$work/err")"
    grep -q '^step 3  lr 9  width 9' "$work/said" || fail "$what by hand: $(cat "$work/said")"
    ! grep -q '@rigor' "$work/said" || fail "$what speaks to nobody: $(cat "$work/said")"
}
stops() { # the command ends by SIGTERM
    env "${told[@]}" "$@" >"$work/said" 2>&1
    [ $? = 143 ] || fail "$*: not ended by SIGTERM: $(cat "$work/said")"
}

${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -Wshadow -g -I "$root/shims" -o try try.c -lm || fail "rigor.h"
heard C ./try
alone C ./try
stops ./try stop
heard Python python3 try.py
heard "Python without NumPy" python3 try.py bare
alone Python python3 try.py
stops python3 try.py stop
grep -q 'saved' "$work/said" || fail "the hook of on_stop was not called"
if command -v Rscript >/dev/null; then
    heard R Rscript try.R
    alone R Rscript try.R
fi
finish
