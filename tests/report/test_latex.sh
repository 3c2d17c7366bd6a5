#!/usr/bin/env bash
# The LaTeX rendering is accepted by LaTeX, with every character that it obeys in the facts.
# $1 is the build tree.
set -euo pipefail
build=$1
source=$(cd "$(dirname "$0")" && pwd)
command -v pdflatex >/dev/null && kpsewhich tikz.sty booktabs.sty >/dev/null ||
    { echo "skipped: there is no pdflatex with booktabs and TikZ here"; exit 77; }
node --input-type=module -e "
import { writeFileSync } from 'node:fs';
import { FIXTURES, HOSTILE, TABLES } from '$source/fixtures.mjs';
const obeyed = '\\\\\\\\ { } \$ & # _ % ~ ^ < > | \" [ ] * -- − – ± ≥ ² é š';
for (const [name, make] of Object.entries(FIXTURES)) {
    const facts = make();
    facts.methods = HOSTILE + obeyed;
    for (const claim of facts.claims)
        claim.claim = obeyed + claim.claim;
    // pdfLaTeX's fonts have no letters beyond Latin
    const text = JSON.stringify(facts).replace(/[^\x00-\x7fé\u0161−–±≥²]/g, '');
    writeFileSync(name + '.json', text);
}
for (const [name, table] of Object.entries(TABLES))
    writeFileSync(name + '.csv', table.text);"
for table in *.csv; do
    "$build/rigor" compare "$table" --json >"${table%.csv}.json"
done
for facts in *.json; do
    name=${facts%.json}
    "$build/tests/tool.render" latex "$facts" >"$name-part.tex"
    printf '%s\n' '\documentclass{article}' '\usepackage{booktabs,tikz}' '\begin{document}' \
        "\\input{$name-part}" 'Some text.' \
        '\ifdefined\rigormethods\rigormethods\fi' '\end{document}' >"$name-all.tex"
    pdflatex -interaction=nonstopmode -halt-on-error "$name-all.tex" >"$name.log" ||
        { tail -n 30 "$name.log"; exit 1; }
    echo "ok   $name"
done
