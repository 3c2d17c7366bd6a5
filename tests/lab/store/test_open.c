/* test_open.c - who may open a ledger, in which state, and what it leaves behind. */
#include "tamper.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_refused(const char *path, rg_ledger_mode mode, const char *what)
{
    rg_ledger *ledger = NULL;
    rg_err err = {0};
    assert_false(rg_ledger_open(path, mode, &ledger, &err));
    assert_null(ledger);
    assert_int_equal(err.code, RG_INPUT);
    if (!strstr(err.what, what))
        fail_msg("expected \"%s\", got \"%s\"", what, err.what);
    assert_true(err.remedy[0]);
    assert_non_null(strstr(err.where, path));
}

static int64_t trials_of(rg_ledger *ledger)
{
    return sample_count(ledger, "SELECT count(*) FROM trial");
}

/* ---- One writer */

/* A process that opens the ledger for writing, says so, and waits to be killed. */
static pid_t start_owner(const char *path, size_t number)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t owner = fork();
    if (owner == 0) {
        rg_ledger *ledger = NULL;
        rg_err err = {0};
        bool opened = rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err) &&
                      sample_try_append(ledger, RG_TUNE, "full", number, 4, &err);
        if (opened && write(ready[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return owner;
}

static void kill_owner(pid_t owner)
{
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
}

static void test_second_writer(void **state)
{
    (void)state;
    char path[64], text[64];
    sample_path(path, "owned");
    pid_t owner = start_owner(path, 0);
    snprintf(text, sizeof(text), "process %d is writing", (int)owner);
    assert_refused(path, RG_LEDGER_WRITE, text);
    kill_owner(owner);
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE); /* the lock died with its owner */
    assert_int_equal(trials_of(ledger), 1);
    snprintf(text, sizeof(text), "process %d is writing", (int)getpid());
    assert_refused(path, RG_LEDGER_WRITE, text); /* not even in the same process */
    rg_ledger_close(ledger);
    ledger = sample_open(path, RG_LEDGER_WRITE);
    rg_ledger_close(ledger);
    assert_clean(path);
}

static void test_stale_lock_file(void **state)
{
    (void)state;
    char path[64], lock[80];
    static const char *const texts[] = {"1\n", "999999999\n", "", "nonsense", "-5\n"};
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        sample_path(path, "stale");
        snprintf(lock, sizeof(lock), "%s.lock", path);
        tamper_write(lock, texts[i], strlen(texts[i]));
        rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
        rg_ledger_close(ledger);
        assert_false(rg_file_exists(lock));
    }
}

/* Many processes at once: one after the other gets in, never two. */
static void test_crowd_of_writers(void **state)
{
    (void)state;
    enum { PROCESSES = 6, EACH = 5 };
    char path[64];
    sample_path(path, "crowd");
    pid_t pids[PROCESSES];
    for (size_t p = 0; p < PROCESSES; p++) {
        pids[p] = fork();
        if (pids[p] != 0)
            continue;
        for (size_t done = 0; done < EACH;) {
            rg_ledger *ledger = NULL;
            rg_err err = {0};
            if (rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err))
                done += sample_try_append(ledger, RG_TUNE, "full", p * EACH + done, 2, &err);
            else if (err.code != RG_INPUT)
                _exit(1);
            rg_ledger_close(ledger);
            usleep(300);
        }
        _exit(0);
    }
    for (size_t p = 0; p < PROCESSES; p++) {
        int status;
        waitpid(pids[p], &status, 0);
        assert_int_equal(status, 0);
    }
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    assert_int_equal(trials_of(ledger), PROCESSES * EACH);
    rg_ledger_close(ledger);
    assert_clean(path);
}

/* ---- Reading leaves no trace, whatever state the files are in */

static void list_folder(const char *folder, char out[512])
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        len += (size_t)snprintf(out + len, 512 - len, "%s ", names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

static void assert_reads(const char *folder, const char *path, int64_t trials)
{
    char before[512], after[512];
    list_folder(folder, before);
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    assert_int_equal(trials_of(ledger), trials);
    rg_ledger_close(ledger);
    assert_clean(path);
    list_folder(folder, after);
    assert_string_equal(before, after);
}

static void fresh_folder(const char *folder)
{
    rg_err err = {0};
    chmod(folder, 0755);
    if (rg_file_exists(folder))
        assert_ok(rg_dir_remove(folder, &err), &err);
}

/* Folders with one ledger each in a state that reading must cope with. */
static void make_states(void)
{
    fresh_folder("rest");
    fresh_folder("killed");
    fresh_folder("noindex");
    fresh_folder("nolog");
    rg_ledger *ledger = sample_open("rest/l.sqlite", RG_LEDGER_WRITE); /* makes the folder */
    sample_append(ledger, RG_TUNE, "full", 0, 4);
    rg_ledger_close(ledger);
    static const char *const killed[] = {"killed/l.sqlite", "noindex/l.sqlite"};
    for (size_t i = 0; i < RG_COUNT(killed); i++) {
        rg_err err = {0};
        assert_ok(rg_dir_make(i == 0 ? "killed" : "noindex", 0755, &err), &err);
        tamper_copy("rest/l.sqlite", killed[i]);
        kill_owner(start_owner(killed[i], 1));
    }
    unlink("noindex/l.sqlite-shm");
    rg_err err = {0};
    assert_ok(rg_dir_make("nolog", 0755, &err), &err);
    ledger = sample_open("rest/l.sqlite", RG_LEDGER_WRITE);
    tamper_copy("rest/l.sqlite", "nolog/l.sqlite"); /* in WAL mode, alone */
    rg_ledger_close(ledger);
}

static void read_states(void)
{
    assert_reads("rest", "rest/l.sqlite", 1);
    assert_reads("killed", "killed/l.sqlite", 2);
    assert_reads("noindex", "noindex/l.sqlite", 2);
    assert_reads("nolog", "nolog/l.sqlite", 1);
}

static void test_reading_every_state(void **state)
{
    (void)state;
    make_states();
    read_states();
    read_states(); /* reading left the states as they were */
    static const char *const paths[] = {"rest/l.sqlite", "killed/l.sqlite", "noindex/l.sqlite",
                                        "nolog/l.sqlite"};
    for (size_t i = 0; i < RG_COUNT(paths); i++) {
        rg_ledger *ledger = sample_open(paths[i], RG_LEDGER_WRITE);
        sample_append(ledger, RG_TUNE, "full", 5, 4);
        rg_ledger_close(ledger);
        assert_clean(paths[i]);
    }
    char files[512]; /* at rest: one file */
    list_folder("killed", files);
    assert_string_equal(files, ". .. l.sqlite ");
}

/* As a user who may read, but not write (root may always write, so become nobody). */
static void test_reading_where_nothing_can_be_written(void **state)
{
    (void)state;
    make_states();
    static const char *const folders[] = {"rest", "killed", "noindex", "nolog"};
    for (size_t i = 0; i < RG_COUNT(folders); i++)
        chmod(folders[i], 0555);
    char *here = getcwd(NULL, 0);
    pid_t reader = fork();
    if (reader == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(77);
        if (access(here, X_OK) != 0)
            _exit(77); /* nobody cannot even come here */
        for (size_t i = 0; i < RG_COUNT(folders); i++) {
            char path[64];
            rg_err err = {0};
            rg_ledger *ledger = NULL;
            snprintf(path, sizeof(path), "%s/l.sqlite", folders[i]);
            bool right = rg_ledger_open(path, RG_LEDGER_READ, &ledger, &err) &&
                         trials_of(ledger) == (i == 1 || i == 2 ? 2 : 1);
            if (!right)
                dprintf(2, "%s: %s\n", path, err.what);
            rg_ledger_close(ledger);
            ledger = NULL;
            if (!right)
                _exit(1);
            if (rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err) || err.code != RG_INPUT)
                _exit(2);
        }
        _exit(0);
    }
    int status;
    waitpid(reader, &status, 0);
    free(here);
    for (size_t i = 0; i < RG_COUNT(folders); i++)
        chmod(folders[i], 0755);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

/* ---- A reader beside a writer */

static void test_reader_beside_writer(void **state)
{
    (void)state;
    char path[64], head[RG_HEX], seen[RG_HEX];
    sample_ledger(path, "beside");
    rg_ledger *reader = sample_open(path, RG_LEDGER_READ);
    assert_int_equal(trials_of(reader), 6);
    for (size_t i = 0; i < 3; i++) { /* the writer comes and goes while the reader stays */
        rg_ledger *writer = sample_open(path, RG_LEDGER_WRITE);
        sample_append(writer, RG_TUNE, "full", 10 + 2 * i, 50);
        assert_int_equal(trials_of(reader), 7 + 2 * i);
        rg_ledger *second = sample_open(path, RG_LEDGER_READ);
        sample_append(writer, RG_TUNE, "full", 11 + 2 * i, 50);
        assert_int_equal(trials_of(second), 8 + 2 * i);
        rg_ledger_head(writer, head);
        rg_ledger_head(second, seen);
        assert_string_equal(head, seen);
        rg_ledger_close(second);
        assert_clean(path);
        rg_ledger_close(writer);
        assert_int_equal(trials_of(reader), 8 + 2 * i);
    }
    rg_err err = {0};
    assert_false(rg_ledger_event(reader, "note", NULL, &err));
    assert_non_null(strstr(err.what, "open for reading"));
    rg_ledger_close(reader);
    assert_clean(path);
}

/* Opening and closing readers in the writer's process must not drop the writer's locks. */
static void test_locks_survive_readers(void **state)
{
    (void)state;
    char path[64];
    sample_ledger(path, "locks");
    rg_ledger *writer = sample_open(path, RG_LEDGER_WRITE);
    sample_append(writer, RG_TUNE, "full", 20, 4);
    for (int i = 0; i < 3; i++)
        rg_ledger_close(sample_open(path, RG_LEDGER_READ));
    pid_t other = fork();
    if (other == 0) { /* leaving WAL mode needs a file that nobody else holds */
        sqlite3 *db;
        sqlite3_open(path, &db);
        _exit(sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) == SQLITE_BUSY
                  ? 0
                  : 1);
    }
    int status;
    waitpid(other, &status, 0);
    assert_int_equal(status, 0);
    sample_append(writer, RG_TUNE, "full", 21, 4);
    rg_ledger_close(writer);
    assert_clean(path);
}

/* ---- Files that are no ledgers */

static void test_what_is_no_ledger(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "none");
    assert_refused(path, RG_LEDGER_READ, "there is no ledger here");
    assert_false(rg_file_exists(path));
    assert_refused(".", RG_LEDGER_READ, "not a file");
    tamper_write(path, "", 0);
    assert_refused(path, RG_LEDGER_READ, "this file is empty");
    static const char text[] = "arm,seed,accuracy\nfull,1,0.97\n";
    tamper_write(path, text, sizeof(text) - 1);
    assert_refused(path, RG_LEDGER_READ, "this file is no ledger");
    assert_refused(path, RG_LEDGER_WRITE, "this file is no ledger");
    char *after;
    size_t len;
    rg_err err = {0};
    assert_ok(rg_file_read(path, 1000, &after, &len, &err), &err);
    assert_string_equal(after, text); /* and it is as it was */
    rg_free(after);
}

static void test_databases_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *what;
    } cases[] = {
        {"CREATE TABLE t (x)", "a database of another program"},
        {"PRAGMA application_id = 77", "a database of another program"},
        {"PRAGMA application_id = 1382639474; PRAGMA user_version = 2",
         "newer version of rigor"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char path[64], lock[80];
        sqlite3 *db;
        sample_path(path, "other");
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_refused(path, RG_LEDGER_READ, cases[i].what);
        assert_refused(path, RG_LEDGER_WRITE, cases[i].what);
        snprintf(lock, sizeof(lock), "%s.lock", path);
        assert_false(rg_file_exists(lock));
    }
}

/* An empty file and an empty database are what an interrupted creation leaves. */
static void test_interrupted_creation(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "begun");
    tamper_write(path, "", 0);
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    sample_fill(ledger);
    rg_ledger_close(ledger);
    assert_clean(path);
    sqlite3 *db;
    sample_path(path, "begun");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    sqlite3_close(db);
    ledger = sample_open(path, RG_LEDGER_WRITE);
    sample_fill(ledger);
    rg_ledger_close(ledger);
    assert_clean(path);
}

static void test_odd_names(void **state)
{
    (void)state;
    static const char *const names[] = {"a b.sqlite",  "100%.sqlite", "what?x=1.sqlite",
                                        "#1.sqlite",   "ü.sqlite",    "./file:x.sqlite",
                                        "a%20b.sqlite"};
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        unlink(names[i]);
        rg_ledger *ledger = sample_open(names[i], RG_LEDGER_WRITE);
        sample_append(ledger, RG_TUNE, "full", 0, 1);
        rg_ledger_close(ledger);
        assert_true(rg_file_exists(names[i]));
        assert_clean(names[i]);
        struct stat found;
        stat(names[i], &found);
        assert_int_equal(found.st_mode & 0600, 0600);
    }
}

/* Records, events, queries and verification of one reader are of one moment. */
static void test_reader_that_holds_a_moment(void **state)
{
    (void)state;
    char path[64], before[RG_HEX], after[RG_HEX];
    rg_err err = {0};
    sample_path(path, "moment");
    rg_ledger *writer = sample_open(path, RG_LEDGER_WRITE);
    sample_study(writer);
    assert_ok(sample_try_append(writer, RG_TUNE, "full", 0, 4, &err), &err);
    rg_ledger *reader = sample_open(path, RG_LEDGER_READ);
    assert_false(rg_ledger_busy("nowhere.sqlite"));
    assert_true(rg_ledger_busy(path));
    assert_ok(rg_ledger_hold(reader, &err), &err);
    rg_ledger_head(reader, before);
    assert_ok(sample_try_append(writer, RG_TUNE, "full", 1, 4, &err), &err);
    assert_ok(rg_ledger_event(writer, "freeze", NULL, &err), &err);
    rg_arena *arena = rg_arena_new();
    rg_record *records;
    size_t n;
    assert_ok(rg_ledger_records(reader, RG_ALL_PARTS, arena, &records, &n, &err), &err);
    assert_int_equal(n, 1);
    json_t *problems = json_array();
    assert_ok(rg_ledger_verify(reader, problems, &err), &err);
    assert_int_equal(json_array_size(problems), 0);
    assert_int_equal(trials_of(reader), 1);
    assert_null(rg_ledger_newest(reader, "freeze", &err));
    rg_ledger_head(reader, after);
    assert_string_equal(before, after);
    rg_ledger_close(reader);
    reader = sample_open(path, RG_LEDGER_READ);
    assert_int_equal(trials_of(reader), 2);
    json_t *freeze = rg_ledger_newest(reader, "freeze", &err);
    assert_non_null(freeze);
    json_decref(freeze);
    rg_ledger_close(reader);
    rg_ledger_close(writer);
    assert_false(rg_ledger_busy(path));
    json_decref(problems);
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_writer),
        cmocka_unit_test(test_stale_lock_file),
        cmocka_unit_test(test_crowd_of_writers),
        cmocka_unit_test(test_reading_every_state),
        cmocka_unit_test(test_reading_where_nothing_can_be_written),
        cmocka_unit_test(test_reader_beside_writer),
        cmocka_unit_test(test_reader_that_holds_a_moment),
        cmocka_unit_test(test_locks_survive_readers),
        cmocka_unit_test(test_what_is_no_ledger),
        cmocka_unit_test(test_databases_of_others),
        cmocka_unit_test(test_interrupted_creation),
        cmocka_unit_test(test_odd_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
