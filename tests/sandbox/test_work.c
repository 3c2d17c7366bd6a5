/* Ordinary work goes on in the sandbox: shells, compilers, Python with NumPy, files of one's own.
 * What it costs is printed, and decides nothing. */
#include "sandbox/sealed.h"

static scene here;

static int run_shell(const rg_sandbox *box, const char *script, rg_attempts *seen)
{
    const char *argv[] = {"/bin/sh", "-euc", script, NULL};
    return sealed_run(box, argv, seen);
}

/* $SEAL_STUDY is the study's folder. */
static const char *const works[] = {
    "cat $SEAL_STUDY/data/train.txt | tr a-z A-Z | grep -q 'TO BE READ'",
    "cd $SEAL_STUDY/runs/a && mkdir -p x/y z && echo 1 > x/y/f && mv x/y/f z/g && ln z/g z/h "
    "&& "
    "ln -s g z/i && test \"$(cat z/i)\" = 1 && rm -r x z",
    "cd $SEAL_STUDY/runs/a && printf '#!/bin/sh\\nexit 7\\n' > run && chmod +x run && "
    "{ ./run || test $? = 7; }",
    "echo nothing > /dev/null && head -c 10 /dev/urandom | wc -c | grep -q 10",
    "cd $SEAL_STUDY/runs/a && mkfifo f && { echo in > f & } && grep -q in < f && wait && rm f",
    "ls $SEAL_STUDY/sealed | grep -q labels.npz", /* names are no secret */
    "ls / /usr /proc/self/fd > /dev/null && cat /proc/meminfo > /dev/null && ps > /dev/null",
    "sleep 9 & kill $! && { wait $! 2> /dev/null || true; }",
    "command -v gcc > /dev/null || exit 0; cd $SEAL_STUDY/runs/a && "
    "echo 'int main(void) { return 3; }' > m.c && gcc -o m m.c && { ./m || test $? = 3; }",
};

static const char *const fails[] = {
    "echo x > $SEAL_STUDY/data/new",
    "echo x >> $SEAL_STUDY/data/train.txt",
    "touch $SEAL_STUDY/runs/b/new",
    "rm $SEAL_STUDY/data/train.txt",
    "mv $SEAL_STUDY/data/train.txt $SEAL_STUDY/runs/a/",
    "echo x > /proc/sys/kernel/core_pattern",
    "cat $SEAL_STUDY/sealed/labels.npz",
};

static void shells_do_their_work(void **state)
{
    (void)state;
    for (int watch = 0; watch < 2; watch++) {
        rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.watch = watch}, NULL);
        rg_attempts seen = {0};
        for (size_t i = 0; i < RG_COUNT(works); i++) {
            int status = run_shell(box, works[i], &seen);
            if (status != 0)
                print_error("exit status %d: %s\n", status, works[i]);
            assert_int_equal(status, 0);
        }
        assert_int_equal(seen.total, 0); /* nothing of this is an attempt */
        rg_sandbox_free(box);
    }
}

static void nothing_else_is_changed(void **state)
{
    (void)state;
    if (!sealed_here())
        skip();
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){0}, NULL);
    for (size_t i = 0; i < RG_COUNT(fails); i++) {
        char script[600];
        snprintf(script, sizeof(script), "exec 2> /dev/null; %s", fails[i]);
        if (run_shell(box, script, NULL) == 0)
            print_error("worked: %s\n", fails[i]);
        assert_int_not_equal(run_shell(box, script, NULL), 0);
    }
    rg_sandbox_free(box);
}

static int run_python(const rg_sandbox *box, const char *script)
{
    const char *argv[] = {"/usr/bin/python3", "-c", script, NULL};
    rg_attempts seen = {0};
    int status = sealed_run(box, argv, &seen);
    rg_attempts_free(&seen);
    return status;
}

static bool has_numpy(void)
{
    return rg_file_exists("/usr/bin/python3") &&
           run_python(NULL,
                      "import importlib.util as u, sys; sys.exit(not u.find_spec('numpy'))") ==
               0;
}

static const char pythons[] =
    "import multiprocessing as m, numpy, os, socket, subprocess, threading\n"
    "own = os.environ['SEAL_STUDY'] + '/runs/a/'\n"
    "numpy.save(own + 'x.npy', numpy.eye(3))\n"
    "assert numpy.load(own + 'x.npy').sum() == 3\n"
    "a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'\n"
    "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
    "assert subprocess.run(['/bin/true']).returncode == 0\n"
    "from multiprocessing import shared_memory\n"
    "s = shared_memory.SharedMemory(create=True, size=100); s.buf[0] = 1; s.close(); "
    "s.unlink()\n"
    "with m.Pool(2) as p: assert p.map(abs, [-1, 2]) == [1, 2]\n"
    "try: open(os.environ['SEAL_STUDY'] + '/sealed/labels.npz')\n"
    "except PermissionError: pass\n"
    "else: assert not int(os.environ['SEAL_ABI'])\n";

static void python_does_its_work(void **state)
{
    (void)state;
    if (!has_numpy()) {
        print_message("skipped: /usr/bin/python3 has no numpy\n");
        skip();
    }
    set_number("SEAL_ABI", (uintptr_t)rg_sandbox_abi());
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.watch = true}, NULL);
    assert_int_equal(run_python(box, pythons), 0);
    rg_sandbox_free(box);
}

/* ---- What it costs */

#define ROUNDS 3

static double best_ms(const rg_sandbox *box, const char *const *argv)
{
    double best = INFINITY;
    for (int i = 0; i < ROUNDS; i++) {
        rg_attempts seen = {0};
        uint64_t start = rg_clock_ns();
        assert_int_equal(sealed_run(box, argv, &seen), 0);
        best = fmin(best, (double)(rg_clock_ns() - start) * 1e-6);
    }
    return best;
}

static double prepare_ms(void)
{
    uint64_t start = rg_clock_ns();
    for (int i = 0; i < ROUNDS; i++)
        rg_sandbox_free(sealed_box(&here, (rg_grant_spec){.watch = true}, NULL));
    return (double)(rg_clock_ns() - start) * 1e-6 / ROUNDS;
}

static void the_cost_is_shown(void **state)
{
    (void)state;
    const char *quick[] = {"/bin/true", NULL};
    const char *numpy[] = {"/usr/bin/python3", "-c", "import numpy", NULL};
    rg_sandbox *plain = sealed_box(&here, (rg_grant_spec){0}, NULL);
    rg_sandbox *watched = sealed_box(&here, (rg_grant_spec){.watch = true}, NULL);
    print_message("preparing: %.2f ms\n", prepare_ms());
    for (int i = 0; i < (has_numpy() ? 2 : 1); i++) {
        const char *const *argv = i ? numpy : quick;
        print_message("%s: %.2f ms free, %.2f ms in the sandbox, %.2f ms watched\n",
                      i ? "import numpy" : "true", best_ms(NULL, argv), best_ms(plain, argv),
                      best_ms(watched, argv));
    }
    rg_sandbox_free(plain);
    rg_sandbox_free(watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shells_do_their_work),
        cmocka_unit_test(nothing_else_is_changed),
        cmocka_unit_test(python_does_its_work),
        cmocka_unit_test(the_cost_is_shown),
    };
    scene_open(&here);
    setenv("TMPDIR", here.own, 1); /* /tmp is not the trial's */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scene_close(&here);
    return failed;
}
