/* test_verify.c - verify finds every altered cell, row, event and byte, and names it. */
#include "tamper.h"

static char original[64];
static const char altered[] = "altered.sqlite";

static int make_original(void **state)
{
    (void)state;
    sample_ledger(original, "original");
    return 0;
}

/* Alters a copy with SQL and returns what verify finds. */
static json_t *findings(const char *sql)
{
    tamper_copy(original, altered);
    tamper(altered, sql);
    return sample_verify(altered);
}

static bool is_found(json_t *problems)
{
    bool found = !problems || json_array_size(problems) > 0;
    json_decref(problems);
    return found;
}

/* Whether a finding has this place and a text that contains `what`. */
static bool names(const json_t *problems, const char *where, const char *what)
{
    size_t i;
    json_t *problem;
    json_array_foreach (problems, i, problem) {
        if (strcmp(rg_json_text(problem, "where", ""), where) == 0 &&
            strstr(rg_json_text(problem, "what", ""), what))
            return true;
    }
    return false;
}

static void assert_finds(const char *sql, const char *where, const char *what)
{
    json_t *problems = findings(sql);
    assert_non_null(problems);
    if (!names(problems, where, what)) {
        char *text = rg_json_canonical(problems);
        print_error("after %s: expected %s: %s, got %s\n", sql, where, what, text);
        rg_free(text);
        fail();
    }
    json_decref(problems);
}

static void test_nothing_altered(void **state)
{
    (void)state;
    json_t *problems = findings("SELECT 1");
    assert_non_null(problems);
    assert_int_equal(json_array_size(problems), 0);
    json_decref(problems);
}

/* ---- Every column of every table */

typedef struct columns {
    char table[64];
    size_t n;
    char name[24][64];
    bool nullable[24];
    char key[256]; /* "a, b" */
} columns;

static void read_columns(sqlite3 *db, const char *table, columns *ret)
{
    *ret = (columns){0};
    snprintf(ret->table, sizeof(ret->table), "%s", table);
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(db, "SELECT name, pk, \"notnull\" FROM pragma_table_info(?) ORDER BY pk",
                       -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        bool key = sqlite3_column_int(stmt, 1) > 0;
        ret->nullable[ret->n] = !key && sqlite3_column_int(stmt, 2) == 0;
        snprintf(ret->name[ret->n++], 64, "%s", name);
        size_t len = strlen(ret->key);
        if (key)
            snprintf(ret->key + len, sizeof(ret->key) - len, "%s%s", len ? ", " : "", name);
    }
    sqlite3_finalize(stmt);
}

static size_t read_tables(columns tables[16], int64_t rows[16])
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t n = 0;
    assert_int_equal(sqlite3_open(original, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &stmt,
                       NULL);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        read_columns(db, (const char *)sqlite3_column_text(stmt, 0), &tables[n]);
        char sql[128];
        sqlite3_stmt *counter;
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[n].table);
        sqlite3_prepare_v2(db, sql, -1, &counter, NULL);
        sqlite3_step(counter);
        rows[n] = sqlite3_column_int64(counter, 0);
        sqlite3_finalize(counter);
        assert_true(rows[n] > 0); /* a table without rows would test nothing */
        n++;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

/* Small changes that keep the cell's type, and one that empties it.  NULL: none for that type.
 */
static const char *const changes[] = {
    /* one step of an integer, one bit of a real, the last letter of a text, something for NULL
     */
    "CASE typeof(%1$s) WHEN 'integer' THEN %1$s + 100 WHEN 'real' THEN %1$s * (1 + 3e-16) "
    "WHEN 'text' THEN substr(%1$s, 1, length(%1$s) - 1) || "
    "CASE substr(%1$s, -1) WHEN 'x' THEN 'y' ELSE 'x' END ELSE %2$s END",
    "CASE typeof(%1$s) WHEN 'integer' THEN -%1$s - 7 WHEN 'real' THEN -%1$s "
    "WHEN 'text' THEN %1$s || ' ' ELSE %2$s END",
    "CASE typeof(%1$s) WHEN 'text' THEN %1$s || char(0) || 'more' WHEN 'integer' THEN "
    "%1$s + 4294967296 WHEN 'real' THEN 9e999 ELSE %2$s END",
    "CASE WHEN %1$s IS NULL THEN %2$s ELSE NULL END",
};

enum { EMPTYING = 3 }; /* the last of them, which only some columns allow */

static void test_every_cell(void **state)
{
    (void)state;
    static columns tables[16];
    int64_t rows[16];
    size_t n = read_tables(tables, rows), tried = 0;
    assert_int_equal(n, 8);
    for (size_t t = 0; t < n; t++)
        for (size_t c = 0; c < tables[t].n; c++)
            for (size_t k = 0; k < RG_COUNT(changes); k++) {
                const columns *table = &tables[t];
                if (k == EMPTYING && !table->nullable[c])
                    continue;
                char value[512], sql[1024];
                const char *column = table->name[c];
                bool real = strcmp(column, "value") == 0;
                snprintf(value, sizeof(value), changes[k], column, real ? "0.5" : "'{}'");
                int64_t row = (int64_t)(k * 5 + c) % rows[t];
                snprintf(sql, sizeof(sql),
                         "UPDATE %s SET %s = %s WHERE (%s) = (SELECT %s FROM %s ORDER BY %s "
                         "LIMIT 1 OFFSET %lld)",
                         table->table, column, value, table->key, table->key, table->table,
                         table->key, (long long)row);
                if (!is_found(findings(sql)))
                    fail_msg("not found: %s", sql);
                tried++;
            }
    print_message("%zu altered cells, all found\n", tried);
}

static void test_every_table_loses_a_row(void **state)
{
    (void)state;
    static columns tables[16];
    int64_t rows[16];
    size_t n = read_tables(tables, rows);
    for (size_t t = 0; t < n; t++)
        for (int64_t row = 0; row < rows[t]; row++) {
            char sql[512];
            const columns *table = &tables[t];
            snprintf(
                sql, sizeof(sql),
                "DELETE FROM %s WHERE (%s) = (SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET "
                "%lld)",
                table->table, table->key, table->key, table->table, table->key, (long long)row);
            if (!is_found(findings(sql)))
                fail_msg("not found: %s", sql);
        }
}

static void test_findings_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *where, *what;
    } cases[] = {
        {"UPDATE trial SET seed = 5 WHERE arm = 'full' AND number = 2", "trial full/2",
         "altered: column 'seed'"},
        {"UPDATE trial SET seed = '1002' WHERE arm = 'full' AND number = 2", "trial full/2",
         "altered: column 'seed'"},
        {"UPDATE metric SET value = value + 1e-12 WHERE stage = 'tune' AND arm = 'bare' AND "
         "number = 1 AND name = 'val_accuracy' AND position = 3",
         "metric tune/bare/1/val_accuracy/3", "altered: column 'value'"},
        {"UPDATE run SET test = '{\"accuracy\":0.98}' WHERE arm = 'full' AND number = 1",
         "run full/1", "altered: column 'test'"},
        {"DELETE FROM run WHERE arm = 'full' AND number = 0", "run full/0", "missing"},
        {"INSERT INTO run SELECT 'full', 9, seed, failed, reason, config, validation, test, "
         "resources, event FROM run WHERE arm = 'full' AND number = 0",
         "run full/9", "extra"},
        {"INSERT INTO metric VALUES ('tune', 'full', 0, 'zz', 0, 1, 0.5)",
         "metric tune/full/0/zz/0", "extra"},
        {"UPDATE prediction_set SET sha256 = NULL WHERE arm = 'bare' AND number = 0",
         "prediction_set bare/0", "altered: column 'sha256'"},
        {"UPDATE arm SET name = 'Full' WHERE position = 0", "arm 0", "altered: column 'name'"},
        {"UPDATE study SET text = 'other'", "study digits", "altered: column 'text'"},
        {"UPDATE head SET seq = 12", "head 1", "altered: column 'seq'"},
        {"UPDATE event SET body = replace(body, '0.97', '0.99') WHERE kind = 'seal-opened'",
         "event 13", "do not belong together"},
        {"UPDATE event SET time = '2020-01-01T00:00:00.000Z' WHERE seq = 4", "event 4",
         "do not belong together"},
        {"DELETE FROM event WHERE seq = 12", "event 13", "events before this one are missing"},
        {"DELETE FROM event WHERE seq > 11", "head 1", "altered: column 'hash'"},
        {"INSERT INTO event SELECT 14, time, kind, body, hash FROM event WHERE seq = 12",
         "event 14", "do not belong together"},
        {"CREATE TABLE mine (x)", "schema table/mine", "extra"},
        {"CREATE INDEX quick ON trial (seed)", "schema index/quick", "extra"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++)
        assert_finds(cases[i].sql, cases[i].where, cases[i].what);
}

/* An event and its row changed alike: the tables agree, the chain does not. */
static void test_a_careful_forger(void **state)
{
    (void)state;
    assert_finds("UPDATE event SET body = replace(body, '\"seed\":1001', '\"seed\":1009') "
                 "WHERE seq = 4;"
                 "UPDATE trial SET seed = 1009 WHERE event = 4",
                 "event 4", "do not belong together");
}

static void test_a_missing_trigger(void **state)
{
    (void)state;
    tamper_copy(original, altered);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(altered, &db), SQLITE_OK);
    /* While they stand, they refuse. */
    static const char *const refused[] = {
        "UPDATE event SET kind = 'x' WHERE seq = 1",
        "DELETE FROM event",
        "DELETE FROM event WHERE seq = 13",
        "INSERT OR REPLACE INTO event SELECT 3, time, kind, body, hash FROM event WHERE seq = "
        "4",
        "INSERT INTO event VALUES (99, '', '', '', '')",
    };
    for (size_t i = 0; i < RG_COUNT(refused); i++)
        assert_int_equal(sqlite3_exec(db, refused[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(db);
    assert_clean(altered);
    assert_int_equal(sqlite3_open(altered, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER event_delete", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    json_t *problems = sample_verify(altered);
    assert_true(names(problems, "schema trigger/event_delete", "missing"));
    json_decref(problems);
}

static void test_findings_are_bounded(void **state)
{
    (void)state;
    json_t *problems = findings(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) "
        "INSERT INTO metric SELECT 'tune', 'full', 7, 'x', i, i, 1 FROM n");
    assert_int_equal(json_array_size(problems), 1001);
    assert_true(names(problems, "ledger", "4000 more problems are not listed"));
    json_decref(problems);
}

/* ---- Bytes of the file.  A byte may be in free space, or say the same thing in another way:
 * then the whole content must be what it was. */

static void test_random_bytes(void **state)
{
    (void)state;
    enum { FLIPS = 1200 };
    rg_err err = {0};
    rg_str before = {0};
    char *data;
    size_t len, found = 0;
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "bytes");
    assert_true(tamper_dump(original, &before));
    assert_ok(rg_file_read(original, (size_t)1 << 30, &data, &len, &err), &err);
    for (int i = 0; i < FLIPS; i++) {
        size_t at = rg_rng_below(&rng, len);
        char change = (char)(1 + rg_rng_below(&rng, 255));
        data[at] ^= change;
        tamper_write(altered, data, len);
        data[at] ^= change;
        if (is_found(sample_verify(altered))) {
            found++;
            continue;
        }
        rg_str after = {0};
        bool same = tamper_dump(altered, &after) && after.len == before.len &&
                    memcmp(after.data, before.data, after.len) == 0;
        rg_str_free(&after);
        if (!same)
            fail_msg("seed %llu: byte %zu xor %d is not found", (unsigned long long)seed, at,
                     change);
    }
    print_message("%zu of %d altered bytes found; the others change no content\n", found,
                  FLIPS);
    assert_true(found > FLIPS / 4);
    rg_free(data);
    rg_str_free(&before);
}

/* Shorter files, and pages that change places. */
static void test_torn_files(void **state)
{
    (void)state;
    rg_err err = {0};
    char *data;
    size_t len;
    assert_ok(rg_file_read(original, (size_t)1 << 30, &data, &len, &err), &err);
    for (size_t cut = 0; cut < len; cut += 1024) {
        tamper_write(altered, data, cut);
        assert_true(is_found(sample_verify(altered)));
    }
    size_t pages = len / 4096;
    for (size_t i = 1; i + 1 < pages; i++) {
        char page[4096];
        memcpy(page, data + i * 4096, 4096);
        memcpy(data + i * 4096, data + (i + 1) * 4096, 4096);
        memcpy(data + (i + 1) * 4096, page, 4096);
        tamper_write(altered, data, len);
        assert_true(is_found(sample_verify(altered)));
        memcpy(page, data + i * 4096, 4096);
        memcpy(data + i * 4096, data + (i + 1) * 4096, 4096);
        memcpy(data + (i + 1) * 4096, page, 4096);
    }
    rg_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_altered),
        cmocka_unit_test(test_every_cell),
        cmocka_unit_test(test_every_table_loses_a_row),
        cmocka_unit_test(test_findings_have_names),
        cmocka_unit_test(test_a_careful_forger),
        cmocka_unit_test(test_a_missing_trigger),
        cmocka_unit_test(test_findings_are_bounded),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_torn_files),
    };
    return cmocka_run_group_tests(tests, make_original, NULL);
}
