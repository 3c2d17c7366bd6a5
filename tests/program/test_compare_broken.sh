#!/usr/bin/env bash
# Every broken table of results ends in exit code 2, says where and what and what to do, and leaves
# nothing behind.  The files of tests/lab/report/broken, with their messages in `expected`, and
# those that are better made than kept.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
count=0

# broken FILE WHERE-AND-WHAT REMEDY [options]: both are regular expressions
broken() {
    local file=$1 what=$2 remedy=$3 output code
    shift 3
    count=$((count + 1))
    output=$(timeout 60 "$rigor" compare "$file" "$@" --html page.html 2>&1 </dev/null)
    code=$?
    [ $code = 2 ] || fail "$file: exit code $code: $(head -c 300 <<<"$output")"
    grep -qE -- "^rigor: .*$what" <<<"$output" || fail "$file: no '$what' in: $(head -c 500 <<<"$output")"
    grep -qE -- "-> .*$remedy" <<<"$output" || fail "$file: no remedy '$remedy' in: $(head -c 500 <<<"$output")"
    [ ! -e page.html ] || fail "$file: a page was written"
}

folder=$root/tests/lab/report/broken
while IFS='|' read -r file what remedy; do
    broken "$folder/$file" "$file$what" "$remedy"
done <"$folder/expected"
for file in "$folder"/*.*; do
    grep -q "^$(basename "$file")|" "$folder/expected" || fail "$file is not expected"
done

printf 'arm,seed,accuracy\na,1,.5\nb,1,.6\n' >good.csv
iconv -f UTF-8 -t UTF-16 good.csv >utf16.csv; broken utf16.csv 'the file is UTF-16 text' 'save it as UTF-8'
printf 'arm,seed,accuracy\na,1,.5\nb\0,1,.6\n' >nul.csv; broken nul.csv 'nul.csv:3:2: there is a NUL byte' 'UTF-8'
printf 'arm,seed,accuracy\n\xe9,1,.5\nb,1,.6\n' >latin.csv; broken latin.csv 'latin.csv:2:1: the byte 0xe9' 'UTF-8'
head -c 100000 "$rigor" >binary.csv; broken binary.csv 'binary.csv:[0-9:]+ ' '.'
printf 'PK\3\4 and more' >sheet.csv; broken sheet.csv 'a spreadsheet or a zip archive' 'export the sheet'
mkdir folder.csv; broken folder.csv 'Is a directory' 'name a file in it'
broken absent.csv 'No such file' 'check the path'
broken good.csv "there is no metric 'acuracy'" "did you mean 'accuracy'" --metric acuracy
broken good.csv "there is no column 'sede'" "did you mean 'seed'" --seed sede
broken good.csv "--form cannot be 'tall'" 'use wide, long' --form tall
broken good.csv 'the claim "a = b" needs a margin' '--margin' --claims 'a = b'
broken good.csv 'names an arm that does not exist: "c"' 'arms are: a, b' --claims 'c > a'
broken good.csv 'there is no format' 'did you mean' --format jsn
broken good.csv "cannot be judged without the labels" '--labels' --predictions
{ printf 'arm,seed'; for i in $(seq 60000); do printf ',a%d,b%d' "$i" "$i"; done; printf '\n'; } >wide.csv
broken wide.csv 'wide.csv:1: the line has 120002 cells; the limit is 100000' 'wide data'
head -c 3000000 /dev/zero | tr '\0' , >million.csv; broken million.csv 'the line has 3000001 cells' 'check the delimiter'
{ printf 'arm,seed,accuracy\na,1,"'; head -c 3000000 /dev/zero | tr '\0' x; printf '"\nb,1,.5\n'; } >huge.csv
broken huge.csv "huge.csv:2: column 'accuracy' holds 'x+'" 'write a number'
{ echo arm,seed,accuracy; for i in $(seq 1500); do printf 'x%d,1,.5\nx%d,2,.6\n' "$i" "$i"; done; } >many.csv
broken many.csv "there are 1500 arms \('x1', 'x2', ...\)" '--arm COLUMN'
{ head -c 100000 /dev/zero | tr '\0' '['; } >deep.json; broken deep.json 'nested too deeply|no JSON object' '.'

# What is odd and still read.
odd() {
    local what=$1 warning=$2 output
    count=$((count + 1))
    output=$("$rigor" compare - <"$what" 2>&1) || fail "$what: $output"
    tr -s ' \n' ' ' <<<"$output" | grep -qE -- "$warning" || fail "$what: no '$warning' in: $output"
}
printf '\xef\xbb\xbfarm,seed,accuracy\r\na,1,.5\nb,1,.6\r\na,2,.5\rb,2,.7\n' >ends.csv; odd ends.csv "column 'arm'"
printf 'arm,seed,accuracy\na,1,.5\nb,1,.6\na,2,inf\nb,2,.7\na,3,.4\n' >failed.csv
odd failed.csv 'standard input:4: accuracy of a with seed 2 has no finite value: counted as a failed run'
odd failed.csv 'b lacks 1 run that a has \(seed 3\): they are compared on the 2 that both have'
gzip -k good.csv; odd good.csv.gz "the score 'accuracy'"

say "$count tables"
[ "$count" -ge 50 ] || fail "fewer than 50 tables"
finish
