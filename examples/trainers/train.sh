#!/bin/sh
# Nearest neighbours in awk, no other language.  shell.yaml is its study.
# usage: train.sh NEIGHBOURS ROWS
# RIGOR_TRAIN and the others are set by the trial; a line that begins with @rigor is a message.
set -eu
neighbours=$1
rows=$2

# vote PART: a line "id,class" for each row of a part, from ROWS rows of the training part that the
# seed chooses.
vote() {
    awk -F, -v k="$neighbours" -v rows="$rows" -v seed="$RIGOR_SEED" '
    BEGIN { srand(seed % 1000003) }
    FNR == 1 { columns = 0; for (i = 1; i <= NF; i++) if ($i ~ /^x/) columns++; next }
    NR == FNR { n++; line[n] = $0; next }
    n && !kept {                        # the training part is read: draw without replacement
        kept = rows < n ? rows : n
        for (i = 1; i <= kept; i++) {
            j = i + int(rand() * (n - i + 1))
            swap = line[i]; line[i] = line[j]; line[j] = swap
            split(line[i], cell, ",")
            for (c = 1; c <= columns; c++) x[i, c] = cell[c + 1]
            y[i] = cell[columns + 2]
        }
    }
    {
        for (j = 1; j <= k; j++) { near[j] = 1e300; of[j] = "" }
        for (i = 1; i <= kept; i++) {
            d = 0
            for (c = 1; c <= columns && d < near[k]; c++) { e = $(c + 1) - x[i, c]; d += e * e }
            if (d >= near[k]) continue
            for (j = k; j > 1 && near[j - 1] > d; j--) { near[j] = near[j - 1]; of[j] = of[j - 1] }
            near[j] = d; of[j] = y[i]
        }
        best = ""
        for (j = 1; j <= k; j++) votes[of[j]] = 0
        for (j = 1; j <= k; j++) if (++votes[of[j]] > votes[best] || best == "") best = of[j]
        print $1 "," best
    }' "$RIGOR_TRAIN" "$1"
}

vote "$RIGOR_VAL" >"$RIGOR_OUT/val.csv"
accuracy=$(awk -F, 'NR == FNR { guess[$1] = $2; next } FNR > 1 { n++; right += guess[$1] == $NF }
    END { printf "%.17g", right / n }' "$RIGOR_OUT/val.csv" "$RIGOR_VAL")
echo "@rigor {\"step\": 1, \"val_accuracy\": $accuracy}"

if [ "$RIGOR_STAGE" = evaluate ]; then
    { echo id,class_index; vote "$RIGOR_TEST_INPUTS"; } >"$RIGOR_OUT/predictions.csv"
fi
