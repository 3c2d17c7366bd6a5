/* CSV files: what is read, what is inferred, what is refused and where. */
#include "scratch.h"

#include <zlib.h>

static rg_table *parse_as(const char *text, rg_header header, rg_arena *arena)
{
    rg_err err = {0};
    rg_table *table = rg_csv_parse(text, strlen(text), "t.csv", header, arena, &err);
    assert_good(table, err);
    return table;
}

static rg_table *parse(const char *text, rg_arena *arena)
{
    return parse_as(text, RG_HEADER_GUESS, arena);
}

static void refuses_n(const char *text, size_t len, rg_header header, const char *where,
                      const char *what)
{
    rg_arena *arena = rg_arena_new();
    rg_err err = {0};
    assert_null(rg_csv_parse(text, len, "t.csv", header, arena, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_error(err, where, what);
    rg_arena_free(arena);
}

static void refuses(const char *text, const char *where, const char *what)
{
    refuses_n(text, strlen(text), RG_HEADER_GUESS, where, what);
}

/* ---- what is read
 * ----------------------------------------------------------------------------- */

/* Spreadsheets of most of Europe: commas part decimals where semicolons part cells. */
static void decimal_commas(void **state)
{
    rg_table *t = parse("arm;seed;score;note\na;1;0,81;1,5\nb;2;-1,5e-2;1,2,3\n", *state);
    assert_int_equal(t->column[2].kind, RG_COLUMN_NUMBER);
    assert_true(t->column[2].number[0] == .81 && t->column[2].number[1] == -.015);
    assert_int_equal(t->column[3].kind, RG_COLUMN_TEXT);
    assert_string_equal(t->column[3].text[0], "1,5");
    t = parse_as("0,5;1\n0,25;2\n", RG_HEADER_GUESS, *state);
    assert_int_equal(t->rows, 2);
    assert_true(t->column[0].number[0] == .5);
    t = parse("arm,score\na,\"0,81\"\n", *state);
    assert_int_equal(t->column[1].kind, RG_COLUMN_TEXT);
}

static void types_and_values(void **state)
{
    rg_table *t = parse("arm,seed,score\nfull,1,.97\nlinear,2,-1e-3\n", *state);
    assert_int_equal(t->rows, 2);
    assert_int_equal(t->columns, 3);
    assert_int_equal(t->column[0].kind, RG_COLUMN_TEXT);
    assert_null(t->column[0].number);
    assert_string_equal(t->column[0].text[1], "linear");
    assert_int_equal(t->column[1].kind, RG_COLUMN_NUMBER);
    assert_null(t->column[1].text);
    assert_close(t->column[2].number[0], .97, 0);
    assert_close(t->column[2].number[1], -.001, 0);
    assert_int_equal(t->line[0], 2);
    assert_ptr_equal(rg_table_column(t, "score"), &t->column[2]);
    assert_null(rg_table_column(t, "Score"));
}

static void missing_values(void **state)
{
    rg_table *t =
        parse("a,b\n1,x\n,NA\nNA,\nNaN,?\nnan,null\n?,na\nnull,N\n\"\",\"NA\"\n", *state);
    assert_int_equal(t->rows, 8);
    assert_int_equal(t->column[0].kind, RG_COLUMN_NUMBER);
    assert_int_equal(t->column[0].missing, 7);
    assert_true(isnan(t->column[0].number[1]));
    assert_int_equal(t->column[1].missing, 5);
    assert_null(t->column[1].text[1]);
    assert_string_equal(t->column[1].text[5], "na");
    assert_string_equal(t->column[1].text[6], "N");
    assert_null(t->column[1].text[7]);
}

static void a_column_without_values_is_numeric(void **state)
{
    rg_table *t = parse("a,b\n1,\n2,NA\n", *state);
    assert_int_equal(t->column[1].kind, RG_COLUMN_NUMBER);
    assert_int_equal(t->column[1].missing, 2);
}

/* The text column is found out late, after many numbers: nothing of them must be left. */
static void one_text_makes_a_text_column(void **state)
{
    rg_str text = {0};
    rg_str_add(&text, "a,b\n");
    for (int i = 0; i < 1000; i++)
        rg_str_printf(&text, "%d,%d\n", i, i);
    rg_str_add(&text, "NA,x\n");
    rg_table *t = parse(rg_str_text(&text), *state);
    rg_str_free(&text);
    assert_int_equal(t->column[0].kind, RG_COLUMN_NUMBER);
    assert_int_equal(t->column[1].kind, RG_COLUMN_TEXT);
    assert_string_equal(t->column[1].text[999], "999");
    assert_int_equal(t->column[1].missing, 0);
    assert_close(t->column[0].number[999], 999, 0);
    assert_int_equal(t->column[0].missing, 1);
}

static void quoting(void **state)
{
    rg_table *t = parse("a,b,c\n\"x,y\",\"say \"\"yes\"\"\",\"two\r\nlines\"\n"
                        " \"padded\" , plain cell ,\"\"\"\"\n5\" pipe,\" kept \",z\n",
                        *state);
    assert_int_equal(t->rows, 3);
    assert_string_equal(t->column[0].text[0], "x,y");
    assert_string_equal(t->column[1].text[0], "say \"yes\"");
    assert_string_equal(t->column[2].text[0], "two\r\nlines");
    assert_string_equal(t->column[0].text[1], "padded");
    assert_string_equal(t->column[1].text[1], "plain cell");
    assert_string_equal(t->column[2].text[1], "\"");
    assert_string_equal(t->column[0].text[2], "5\" pipe");
    assert_string_equal(t->column[1].text[2], " kept ");
    const size_t lines[] = {2, 4, 5};
    assert_memory_equal(t->line, lines, sizeof(lines));
}

static void line_ends(void **state)
{
    static const char *const texts[] = {
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\n3,4\r",
        "\n\na,b\n1,2\n\n3,4\n\n",
        "a,b\n1,2\n  \n3,4\n ",
        "\xef\xbb\xbf"
        "a,b\n1,2\n3,4\n",
    };
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        rg_table *t = parse(texts[i], *state);
        assert_int_equal(t->rows, 2);
        assert_string_equal(t->column[0].name, "a");
        assert_close(t->column[1].number[1], 4, 0);
    }
    assert_int_equal(parse(texts[5], *state)->line[1], 6);
    assert_int_equal(parse(texts[2], *state)->line[1], 3);
}

static void a_last_empty_cell(void **state)
{
    rg_table *t = parse("a,b\n1,2\n3,", *state);
    assert_int_equal(t->rows, 2);
    assert_int_equal(t->column[1].missing, 1);
}

static void one_column(void **state)
{
    rg_table *t = parse("score\n1\n\"\"\n3\n", *state);
    assert_int_equal(t->columns, 1);
    assert_int_equal(t->rows, 3);
    assert_int_equal(t->column[0].missing, 1);
}

static void infinite_numbers(void **state)
{
    rg_table *t = parse("a\n1\ninf\n-Infinity\n", *state);
    assert_int_equal(t->column[0].kind, RG_COLUMN_NUMBER);
    assert_true(t->column[0].number[1] == INFINITY);
    assert_true(t->column[0].number[2] == -INFINITY);
}

/* ---- what is inferred
 * -------------------------------------------------------------------------- */

static void delimiters(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"a;b\n1,5;2\n2,5;3\n", 2},
        {"a\tb\tc\n1\t\t3\n", 3},
        {"a,b\n\"x;y\",1\n\"z;w\",2\n", 2},
        {"a,b\nx;y,1\nz,2\n", 2},
        {"1,5;2,5\n3,5;4,5\n", 2},
        {"name\nx y\n", 1},
        {"a;\"b,c\"\n1;2\n", 2},
        {"t\n1;2;3\n", 1},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        rg_table *t = rg_csv_parse(cases[i].text, strlen(cases[i].text), "t.csv", RG_HEADER_YES,
                                   *state, &err);
        if (!t || t->columns != cases[i].columns)
            fail_msg("case %zu: %zu columns, %s", i, t ? t->columns : 0, err.what);
    }
}

static void headers(void **state)
{
    static const struct {
        const char *text, *name;
        size_t rows;
    } cases[] = {
        {"x,y\n1,2\n", "x", 1},
        {"1,2\n3,4\n", "c1", 2},
        {"5,setosa\n6,virginica\n", "c1", 2},
        {"name,city\nAnn,Bonn\nBob,Rome\n", "name", 2}, /* texts only, none occurs again */
        {"red,big\nblue,small\nred,small\n", "c1", 3},  /* 'red' occurs again */
        {"yes,yes\nno,no\n", "c1", 2},                  /* as names they would be twins */
        {",a\n0,1\n1,2\n", "c1", 2},                    /* written with row names */
        {"NA,a\n1,2\n", "c1", 2},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_table *t = parse(cases[i].text, *state);
        if (strcmp(t->column[0].name, cases[i].name) || t->rows != cases[i].rows)
            fail_msg("case %zu: first column '%s', %zu rows", i, t->column[0].name, t->rows);
    }
    rg_table *t = parse_as("x,y\n1,2\n", RG_HEADER_NO, *state);
    assert_int_equal(t->rows, 2);
    assert_string_equal(t->column[1].name, "c2");
    t = parse_as("1,2\n3,4\n", RG_HEADER_YES, *state);
    assert_int_equal(t->rows, 1);
    assert_string_equal(t->column[1].name, "2");
}

/* ---- what is refused
 * ---------------------------------------------------------------------------- */

static void ragged_rows(void **state)
{
    (void)state;
    refuses("a,b\n1,2\n\n3\n", "t.csv:4", "the line has 1 cell, line 1 has 2");
    refuses("a,b\n1,2,3\n", "t.csv:2", "the line has 3 cells, line 1 has 2");
    refuses("a,b\n\"x\ny\",2\n1,2,3\n", "t.csv:4", "3 cells");
}

static void broken_quotes(void **state)
{
    (void)state;
    refuses("a,b\n1,\"two\n\n\n", "t.csv:2", "begins here and never ends");
    refuses("a,b\n\"x\ny\",\"z\n", "t.csv:3", "never ends");
    refuses("a,b\n\"x\ny\"z,1\n", "t.csv:3", "follows the closing quote");
    refuses("\"", "t.csv:1", "never ends");
}

static void duplicate_names(void **state)
{
    (void)state;
    refuses("a,b,a\n1,2,3\n", "t.csv:1", "columns 1 and 3 are both called 'a'");
    refuses_n("\nc2,\n1,2\n", 9, RG_HEADER_YES, "t.csv:2", "columns 1 and 2");
}

static void bad_bytes(void **state)
{
    (void)state;
    refuses_n("a,b\n1,\0", 7, RG_HEADER_GUESS, "t.csv:2:3", "NUL byte (byte 7");
    refuses("a,b\r\nx,M\xfcller\r\n", "t.csv:2:4", "0xfc (byte 9");
    refuses("a\n\xc3", "t.csv:2:1", "0xc3");               /* cut in the middle */
    refuses("a\n\xc0\xaf\n", "t.csv:2:1", "0xc0");         /* overlong */
    refuses("a\n\xed\xa0\x80\n", "t.csv:2:1", "0xed");     /* a surrogate */
    refuses("a\n\xf4\x90\x80\x80\n", "t.csv:2:1", "0xf4"); /* above U+10FFFF */
    refuses("\xff\xfe", "t.csv:1:1", "0xff");              /* UTF-16 */
    refuses("12345678 1234567\xe9 12345678", "t.csv:1:17", "0xe9");
}

static void nothing_to_read(void **state)
{
    (void)state;
    refuses("", "t.csv", "empty");
    refuses("\n \n\r\n", "t.csv", "empty");
    refuses("\xef\xbb\xbf", "t.csv", "empty");
    refuses("a,b\n", "t.csv", "no rows");
}

static void too_many_columns(void **state)
{
    (void)state;
    size_t n = 1000000;
    char *text = rg_alloc(n + 2);
    memset(text, ',', n);
    text[n] = '\n';
    refuses_n(text, n + 1, RG_HEADER_GUESS, "t.csv:1", "1000001 cells; the limit is 100000");
    rg_free(text);
}

/* ---- files
 * -------------------------------------------------------------------------------------- */

static void packed_files(void **state)
{
    gzFile file = gzopen("packed.csv.gz", "wb");
    gzputs(file, "a,b\n1,2\n");
    gzclose(file);
    rg_err err = {0};
    rg_table *t = rg_csv_read("packed.csv.gz", RG_HEADER_GUESS, *state, &err);
    assert_good(t, err);
    assert_close(t->column[1].number[0], 2, 0);
    assert_null(rg_csv_read("absent.csv", RG_HEADER_GUESS, *state, &err));
    assert_int_equal(err.code, RG_INPUT);
}

static void published_tables(void **state)
{
    static const struct {
        const char *name;
        size_t rows, columns, texts, missing;
    } files[] = {
        {"data/adult-train.csv", 32561, 15, 9, 4262},
        {"data/ETTh1.csv", 17420, 8, 1, 0},
        {"data/mammography.csv", 11183, 7, 1, 0},
        {"data/digits.csv.gz", 1797, 65, 0, 0},
    };
    for (size_t i = 0; i < RG_COUNT(files); i++) {
        const char *path = support_shared(files[i].name);
        if (!path)
            skip();
        rg_err err = {0};
        rg_table *t = rg_csv_read(path, RG_HEADER_GUESS, *state, &err);
        assert_good(t, err);
        size_t texts = 0, missing = 0;
        for (size_t c = 0; c < t->columns; c++) {
            texts += t->column[c].kind == RG_COLUMN_TEXT;
            missing += t->column[c].missing;
        }
        assert_int_equal(t->rows, files[i].rows);
        assert_int_equal(t->columns, files[i].columns);
        assert_int_equal(texts, files[i].texts);
        assert_int_equal(missing, files[i].missing);
    }
}

/* ---- random tables
 * ------------------------------------------------------------------------------ */

static const char *const pieces[] = {"a",    "\"", ",",        ";",    "\n",
                                     "\r\n", " ",  "\xc3\xa9", "x\ty", "7"};

static char *random_cell(rg_rng *rng, rg_arena *arena)
{
    rg_str text = {0};
    for (size_t n = rg_rng_below(rng, 6); n > 0; n--)
        rg_str_add(&text, pieces[rg_rng_below(rng, RG_COUNT(pieces))]);
    rg_str_add(&text, "z"); /* neither missing nor a number */
    char *cell = rg_arena_strdup(arena, rg_str_text(&text));
    rg_str_free(&text);
    return cell;
}

static void add_quoted(rg_str *out, const char *cell)
{
    rg_str_add(out, "\"");
    for (; *cell; cell++)
        rg_str_add_n(out, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1);
    rg_str_add(out, "\"");
}

/* What is written by RFC 4180 reads back, for any text, delimiter and line end. */
static void random_tables_read_back(void **state)
{
    rg_arena *arena = *state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    uint64_t seed = support_seed();
    for (uint64_t trial = 0; trial < 300; trial++) {
        rg_rng rng = rg_rng_open(seed, "tables/%llu", (unsigned long long)trial);
        size_t rows = 1 + rg_rng_below(&rng, 5), columns = 2 + rg_rng_below(&rng, 4);
        char *cells[6][6], delimiter[] = {",;\t"[rg_rng_below(&rng, 3)], 0};
        const char *end = ends[rg_rng_below(&rng, 3)];
        rg_str text = {0};
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++) {
                cells[r][c] = random_cell(&rng, arena);
                add_quoted(&text, cells[r][c]);
                rg_str_add(&text, c + 1 < columns ? delimiter : end);
            }
        rg_table *t = parse_as(rg_str_text(&text), RG_HEADER_NO, arena);
        rg_str_free(&text);
        if (t->rows != rows || t->columns != columns)
            fail_msg("seed %llu, trial %llu: shape", (unsigned long long)seed,
                     (unsigned long long)trial);
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                assert_string_equal(t->column[c].text[r], cells[r][c]);
    }
}

/* Whatever is cut off at whatever byte, there is a table or an error, and errors have a place.
 */
static void every_prefix_ends_well(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "name;\"a \"\"b\"\"\";n\r\n\"x\ny\";\xc3\xa9;1e5\r\n;;\r\n";
    for (size_t len = 0; len < sizeof(text); len++) {
        rg_arena *arena = rg_arena_new();
        rg_err err = {0};
        rg_table *t = rg_csv_parse(text, len, "t.csv", RG_HEADER_GUESS, arena, &err);
        assert_true(t ? err.code == RG_OK : err.code == RG_INPUT && *err.where && *err.what);
        rg_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(types_and_values),
        IN_ARENA(decimal_commas),
        IN_ARENA(missing_values),
        IN_ARENA(a_column_without_values_is_numeric),
        IN_ARENA(one_text_makes_a_text_column),
        IN_ARENA(quoting),
        IN_ARENA(line_ends),
        IN_ARENA(a_last_empty_cell),
        IN_ARENA(one_column),
        IN_ARENA(infinite_numbers),
        IN_ARENA(delimiters),
        IN_ARENA(headers),
        IN_ARENA(ragged_rows),
        IN_ARENA(broken_quotes),
        IN_ARENA(duplicate_names),
        IN_ARENA(bad_bytes),
        IN_ARENA(nothing_to_read),
        IN_ARENA(too_many_columns),
        IN_ARENA(packed_files),
        IN_ARENA(published_tables),
        IN_ARENA(random_tables_read_back),
        IN_ARENA(every_prefix_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
