#!/usr/bin/env bash
# Every broken study file ends in exit code 2 with a position, and leaves nothing behind.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
count=0
broken() {
    local file=$1
    count=$((count + 1))
    output=$("$rigor" run "$file" --quiet 2>&1 </dev/null)
    code=$?
    [ $code = 2 ] || fail "$(basename "$file"): exit code $code: $(head -c 300 <<<"$output")"
    grep -qE "^rigor: .*$(basename "$file"):[0-9]+:[0-9]+: " <<<"$output" ||
        fail "$(basename "$file"): no position in: $(head -c 300 <<<"$output")"
}
for file in "$root"/tests/lab/study/broken/*.yaml; do broken "$file"; done

printf 'study: nul\0name\n' >nul.yaml; broken "$work/nul.yaml"
printf 'study: \xff\xfe\n' >latin.yaml; broken "$work/latin.yaml"
: >empty.yaml; broken "$work/empty.yaml"
{ printf 'study: big\nquestion: "'; head -c 10000000 /dev/zero | tr '\0' a; printf '"\n'; } >big.yaml
broken "$work/big.yaml"
{ printf 'study: deep\nbase: '; head -c 20000 /dev/zero | tr '\0' '['; } >deep.yaml
broken "$work/deep.yaml"
{ printf 'study: nested\n'; indent=""; for i in $(seq 300); do printf '%sa:\n' "$indent"; indent="$indent "; done; } >nested.yaml
broken "$work/nested.yaml"
printf 'study: tab\nbase:\n\tmodel: mlp\n' >tab.yaml; broken "$work/tab.yaml"
printf 'study: cycle\nbase: &a {model: *a}\n' >cycle.yaml; broken "$work/cycle.yaml"
{ printf 'a0: &a0 [x, x]\n'; for i in $(seq 40); do printf 'a%d: &a%d [*a%d, *a%d]\n' "$i" "$i" $((i - 1)) $((i - 1)); done; } >laughs.yaml
broken "$work/laughs.yaml"
printf 'study: one\n---\nstudy: two\n' >two.yaml; broken "$work/two.yaml"
printf 'study: [unclosed\n' >unclosed.yaml; broken "$work/unclosed.yaml"
printf '{"study": "json", "question": }' >json.yaml; broken "$work/json.yaml"

say "$count broken files"
[ "$count" -ge 30 ] || fail "fewer than 30 files"
[ ! -e "$RIGOR_STUDIES" ] || fail "something was left behind: $(find "$RIGOR_STUDIES" | head)"
expect 2 'No such file' "$rigor" run "$work/absent.yaml"

# Programs that cannot be built for the data: found by check and by run, before anything is written.
write_study fits.yaml fits
unbuilt() { # what, overrides...
    local what=$1 command
    shift
    for command in check "run -n" "run -q" "run -q --fresh"; do
        expect 2 "$what" "$rigor" $command fits.yaml "$@"
    done
}
unbuilt "cnn.c:[0-9]+: arm 'linear': .* holds 72 features, the data has 64" \
    'arms.linear.model={name: cnn, shape: [8, 9]}'
unbuilt "transformer.c:[0-9]+: arm 'linear': attention of 3 heads, 3 of keys, on a value of shape .32, 64, 64." \
    '~base.model.hidden' 'arms.linear.model={name: transformer, heads: 3}'
unbuilt "arm 'linear' with model.kernel = 4: the cnn's kernel of 4 is even" \
    'arms.linear.model={name: cnn, shape: [8, 8]}' \
    '+tune.space.model.kernel={choice: [3, 4]}'
unbuilt "arm 'linear' with model.steps = 7: 64 features as a sequence of 7 steps" \
    'arms.linear.model={name: gru}' '+tune.space.model.steps={int: [7, 8]}'
[ ! -e "$RIGOR_STUDIES" ] || fail "something was left behind: $(find "$RIGOR_STUDIES" | head)"
finish
