#!/usr/bin/env bash
# A folder includes only what stands below it.  The table below is the rule of ARCHITECTURE.md; any
# other arrow fails.  A folder may always include itself.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.[ch]' 'zoo/*.[ch]' 'include/*.h' | xargs grep -HnE '^#include "' | awk '
BEGIN {
    allow["base"] = ""
    allow["sandbox"] = "base"
    allow["data"] = "base"
    allow["engine/ir"] = "base"
    allow["engine/plan"] = "base engine/ir"
    allow["engine/cpu"] = "base engine/ir engine/plan"
    allow["engine/nn"] = "base engine/ir"
    allow["engine/train"] = "base data engine/ir engine/plan engine/nn"
    allow["zoo"] = "base data engine/ir engine/nn engine/train"
    allow["worker"] = "base sandbox data engine/ir engine/plan engine/nn engine/train zoo"
    allow["launch"] = "base data sandbox"
    allow["lab/stats"] = "base"
    allow["lab/search"] = "base"
    allow["lab/store"] = "base"
    allow["lab/exec"] = "base"
    allow["lab/audit"] = "base data lab/stats"
    allow["lab/study"] = "base data lab/stats lab/search lab/store lab/exec lab/audit"
    allow["lab/report"] = "base data lab/stats lab/search lab/store lab/audit lab/study"
    allow["cli"] = "base sandbox data engine/train worker launch lab/stats lab/search lab/store lab/exec lab/audit lab/study lab/report"

    n = split("base=base trial=base process=base sandbox=sandbox launch=launch data=data calibration=data graph=engine/ir plan=engine/plan nn=engine/nn train=engine/train " \
              "model=engine/train inspect=engine/train worker=worker stats=lab/stats special=lab/stats groups=lab/stats resample=lab/stats " \
              "bayes=lab/stats predictions=lab/stats audit=lab/audit search=lab/search store=lab/store " \
              "exec=lab/exec study=lab/study protocol=lab/study report=lab/report publish=lab/report " \
              "rigor=all", pairs, " ")
    for (i = 1; i <= n; i++) { split(pairs[i], p, "="); module["rigor/" p[1] ".h"] = p[2] }
}
function folder(path) {
    if (path in module) return module[path]
    if (path ~ /^include\//) { sub(/^include\//, "", path); return module[path] }
    sub(/^src\//, "", path)
    if (path ~ /^zoo\//) return "zoo"
    sub(/\/[^\/]*$/, "", path)
    return path
}
{
    split($0, part, ":")
    header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
    from = folder(part[1]); to = folder(header)
    if (from == to || from == "all") next
    if (!(from in allow)) { print "layers: " part[1] ": the folder " from " has no row in the table"; bad = 1; next }
    if (index(" " allow[from] " ", " " to " ") == 0) {
        print "layers: " part[1] ":" part[2] ": " from " may not include " header " (" to ")"
        bad = 1
    }
}
END { exit bad }'
