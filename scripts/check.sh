#!/usr/bin/env bash
# The tests.  short: all that every change must pass, within a quarter of an hour on two cores.
# long: what takes longer (simulations, storms, comparisons with peers).
set -uo pipefail
cd "$(dirname "$0")/.."
tier=${1:-short}
started=$SECONDS
passed=0
failed=0

# Runs one named step, quietly unless it fails; exit code 77: it cannot be done here, and says why.
step() {
    local name=$1 at=$SECONDS log code=0
    shift
    log=build/check-${name//[ ,]/-}.log
    "$@" >"$log" 2>&1 || code=$?
    if [ $code = 77 ]; then
        printf 'check: %-22s left out  (%s)\n' "$name" "$(tail -n 1 "$log")"
    elif [ $code = 0 ]; then
        passed=$((passed + 1))
        printf 'check: %-22s passed  %4d s' "$name" $((SECONDS - at))
        grep -hoE '[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | sed 's/^/  /' | tr '\n' ' '
        printf '\n'
    else
        failed=$((failed + 1))
        printf 'check: %-22s FAILED  %4d s  (%s)\n' "$name" $((SECONDS - at)) "$log"
        tail -n 60 "$log"
    fi
}

# Sanitizers want the address layout that they were built for; newer kernels randomise more of it.
steady=()
setarch -R true 2>/dev/null && steady=(setarch -R)

tests() { # tree, further options of ctest
    local tree=$1 prefix=()
    shift
    [ "$tree" = build ] || prefix=("${steady[@]}")
    "${prefix[@]}" ctest --test-dir "$tree" --no-tests=error --output-on-failure -j "$(nproc)" "$@"
}

# Other random cases every day; what fails prints its seed.
today=$(date -u +%Y%m%d)
engine_seeded() { # seed
    RIGOR_TEST_SEED=$1 tests build -LE long -R '^engine\.'
}

# What has threads or processes; the long tier runs everything under the thread sanitizer.
threaded='^(base|sandbox|launch|engine\.cpu\.(dot|loop_run|plans|rows|run|threads)|engine\.train\.(fit|step)|worker|lab\.exec|lab\.store\.(open|kill|ledger)'
threaded+='|lab\.stats\.resample|lab\.study\.placebo'
threaded+='|program\.(commands|storm|storm_trainers|tamper)$)'

# What starts the program hundreds of times, or trains for long: slow under the address sanitizer.
slow='^(report\.|program\.(check|check_trainer|commands|diff|outside|own_model|plan|power|proof)$|lab\.report\.render$|zoo\.)'

mkdir -p build
if [ "$tier" = long ]; then
    step "build" scripts/build.sh release all -DRIGOR_WERROR=ON
    step "long tests" tests build -L long
    step "engine, seed $today" engine_seeded "$today"
    step "build asan" scripts/build.sh asan
    step "tests asan" tests build/asan -LE long -R "$slow" -E page
    step "build tsan" scripts/build.sh tsan
    step "tests tsan" tests build/tsan -LE long -E page
    step "build fuzz" scripts/build.sh fuzz
    step "fuzz" "${steady[@]}" env FUZZ_SECONDS=180 scripts/fuzz.sh
    step "arm64" scripts/arm64.sh
    step "lint" scripts/lint.sh
else
    step "build" scripts/build.sh release all -DRIGOR_WERROR=ON
    step "tests" tests build -LE long
    step "build asan" scripts/build.sh asan
    step "tests asan" tests build/asan -LE long -E "$slow"
    step "build tsan" scripts/build.sh tsan
    step "tests tsan" tests build/tsan -LE long -E page -R "$threaded"
    step "build fuzz" scripts/build.sh fuzz
    step "fuzz" "${steady[@]}" env FUZZ_SECONDS=25 scripts/fuzz.sh csv study compare
    step "fuzz, briefly" "${steady[@]}" env FUZZ_SECONDS=10 scripts/fuzz.sh archive ir npy predictions safetensors
    step "valgrind" scripts/valgrind.sh
    step "lint" scripts/lint.sh --quick
fi
printf 'check: %s tier, %d s\n' "$tier" $((SECONDS - started))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
