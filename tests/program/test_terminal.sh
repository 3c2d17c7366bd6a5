#!/usr/bin/env bash
# On a terminal the progress is one line that never wraps, whatever the width; with NO_COLOR nothing
# is coloured; Ctrl-C ends the study with 130 and says how to go on.
. "$(dirname "$0")/support.sh"
write_study "$work/narrow.yaml" narrow
on_terminal() { TERM=xterm python3 "$here/terminal.py" "$@"; }

for columns in 40 80 120; do
    on_terminal $columns 0 "$rigor" run "$work/narrow.yaml" --fresh >"$work/out.txt" || fail "$columns columns: $?"
    python3 - "$work/out.txt" $columns <<'PY' || fail "$columns columns: a line of progress wraps"
import re, sys
text = open(sys.argv[1], encoding="utf-8", newline="").read()
updates = re.findall(r"\r\x1b\[K([^\r\n]*)", text)
plain = [re.sub(r"\x1b\[[0-9;]*m", "", update) for update in updates]
assert len(plain) > 1 and any("tune" in p for p in plain) and any("evaluate" in p for p in plain), plain
assert all(len(p) < int(sys.argv[2]) for p in plain), max(plain, key=len)
PY
done
grep -q $'\x1b\[1' "$work/out.txt" || fail "nothing is coloured on a terminal"
NO_COLOR=1 on_terminal 80 0 "$rigor" show narrow >"$work/out.txt" || fail "show: $?"
grep -q $'\x1b' "$work/out.txt" && fail "coloured in spite of NO_COLOR"

# The same command after Ctrl-C goes on.
sed 's/epochs: 4/epochs: 60/; s/^study: .*/study: stopped/' "$work/narrow.yaml" >"$work/stopped.yaml"
on_terminal 80 0.4 "$rigor" run "$work/stopped.yaml" >"$work/out.txt"
code=$?
if [ $code = 130 ]; then
    grep -q "goes on from here: rigor run $work/stopped.yaml" "$work/out.txt" || fail "Ctrl-C: $(cat "$work/out.txt")"
else
    say "the study was over before Ctrl-C (exit code $code)"
    # 254: on a slow machine it came before training began, and ended the program by itself.
    [ $code = 0 ] || [ $code = 254 ] || fail "Ctrl-C: exit code $code"
fi
expect 0 'full > linear' "$rigor" run "$work/stopped.yaml"
expect 0 'pass' "$rigor" verify stopped
finish
