/* The renderings: what they must say, and that no facts can break them. */
#include "support.h"

#include "rigor/report.h"

#include "lab/report/format.h"
#include "lab/report/html.h"
#include "lab/report/latex.h"
#include "lab/report/terminal.h"

static json_t *fixture(void)
{
    json_error_t error;
    json_t *facts =
        json_load_file(RIGOR_SOURCE_DIR "/tests/lab/report/fixture.json", 0, &error);
    if (!facts)
        fail_msg("fixture.json:%d: %s", error.line, error.text);
    return facts;
}

static rg_str rendered(const char *name, const json_t *facts, bool colour)
{
    rg_err err = {0};
    rg_str ret = {0};
    const rg_rendering *rendering = rg_rendering_find(name);
    assert_non_null(rendering);
    if (!rendering->render(facts, colour, &ret, &err))
        fail_msg("%s: %s", name, err.what);
    return ret;
}

static bool says(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* Words of the text without line ends and runs of spaces, so that wrapping does not matter. */
static char *flat(const char *text)
{
    char *ret = RG_NEW_ARRAY(char, strlen(text) + 1), *out = ret;
    for (; *text; text++) {
        bool space = *text == ' ' || *text == '\n';
        if (!space || (out > ret && out[-1] != ' '))
            *out++ = space ? ' ' : *text;
    }
    return ret;
}

/* ---- Formats */

static void test_formats(void **state)
{
    (void)state;
    assert_string_equal(format_number(0.971322, 0.0042).text, "0.9713");
    assert_string_equal(format_number(NAN, 1).text, "–");
    assert_string_equal(format_number(-INFINITY, 1).text, "-∞");
    assert_string_equal(format_p(0.0004).text, "< 0.001");
    assert_string_equal(format_p(0.0344).text, "0.034");
    assert_string_equal(format_p(0.82).text, "0.82");
    assert_string_equal(format_percent(0.95).text, "95 %");
    assert_string_equal(format_seconds(41.379).text, "41.4 s");
    assert_string_equal(format_seconds(723).text, "12 min 3 s");
    assert_string_equal(format_seconds(18420).text, "5 h 7 min");
    assert_string_equal(format_bytes(187695104).text, "179 MiB");
    json_t *interval = json_pack("[f, f]", 0.9701, 0.9733);
    json_t *summary = json_pack("{s:f, s:o}", "mean", 0.9717, "interval", interval);
    assert_string_equal(format_interval(interval).text, "0.9701 to 0.9733");
    assert_string_equal(format_mean(summary).text, "0.9717 ± 0.0016");
    json_object_set_new(summary, "interval", json_null());
    assert_string_equal(format_mean(summary).text, "0.9717");
    json_decref(summary);
}

static void test_script_hash(void **state)
{
    (void)state;
    rg_str hash = {0};
    html_script_hash(&hash, "", 0);
    assert_string_equal(rg_str_text(&hash),
                        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    rg_str_clear(&hash);
    html_script_hash(&hash, "alert('Hello, world.');",
                     23); /* the example of the CSP standard */
    assert_string_equal(rg_str_text(&hash),
                        "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    rg_str_free(&hash);
}

static void test_script_cannot_be_closed(void **state)
{
    (void)state;
    json_t *value = json_pack("[s, s]", "</script><!--", "plain"), *back;
    rg_str text = {0};
    rg_err err = {0};
    html_json(&text, value);
    assert_null(strchr(rg_str_text(&text), '<'));
    back = rg_json_parse(rg_str_text(&text), text.len, "test", &err);
    assert_true(json_equal(value, back));
    json_decref(value);
    json_decref(back);
    rg_str_free(&text);
}

/* ---- The terminal */

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(terminal_width("plain"), 5);
    assert_int_equal(terminal_width("línea"), 5);
    assert_int_equal(terminal_width("e\xCC\x81"), 1); /* e and a combining accent */
    assert_int_equal(terminal_width("線形"), 4);
    assert_int_equal(terminal_width("🧪"), 2);
    rg_str cell = {0};
    terminal_add_cell(&cell, "線形モデル", 6, false);
    assert_string_equal(rg_str_text(&cell), "線形… ");
    rg_str_clear(&cell);
    terminal_add_cell(&cell, "ab", 5, true);
    assert_string_equal(rg_str_text(&cell), "   ab");
    rg_str_clear(&cell);
    terminal_add_cell(&cell,
                      "\x1b[2J\xC2\x9B"
                      "1m\x7f",
                      8, false);
    assert_null(strpbrk(rg_str_text(&cell), "\x1b\x7f"));
    assert_false(says(rg_str_text(&cell), "\xC2\x9B"));
    rg_str_free(&cell);
}

static void test_wrapping(void **state)
{
    (void)state;
    rg_str text = {0};
    terminal_add_wrapped(&text, "one two  three\nfour averyverylongword", 2, 10);
    assert_string_equal(rg_str_text(&text), "one two\n  three\n  four\n  averyverylongword\n");
    rg_str_free(&text);
}

static void check_width(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char line[4096];
        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        if (terminal_width(line) > 80)
            fail_msg("%zu columns: %s", terminal_width(line), line);
        text += len + (text[len] == '\n');
    }
}

static void test_text(void **state)
{
    (void)state;
    json_t *facts = fixture(), *claim;
    size_t i;
    json_array_append_new(json_object_get(facts, "marks"), json_string("exploratory"));
    rg_str plain = rendered("text", facts, false), colour = rendered("text", facts, true);
    check_width(rg_str_text(&plain));
    char *words = flat(rg_str_text(&plain));
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        rg_str sentence = {0};
        rg_str_printf(&sentence, "%s (exploratory)", rg_json_text(claim, "sentence", "?"));
        assert_true(says(words, rg_str_text(&sentence)));
        rg_str_free(&sentence);
    }
    assert_true(says(words, "studies/digits-dropout/report.html"));
    assert_true(says(words, "Repeat: rigor run examples/digits.yaml"));
    assert_true(says(words, "4 of 6 checks passed"));
    assert_null(strchr(rg_str_text(&plain), '\x1b'));
    assert_true(says(rg_str_text(&colour), "\x1b[1;32mSUPPORTED"));
    rg_free(words);
    rg_str_free(&plain);
    rg_str_free(&colour);
    json_decref(facts);
}

/* ---- Markdown */

static size_t bars_of(const char *line, size_t len)
{
    size_t bars = 0;
    for (size_t i = 0; i < len; i++)
        bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    return bars;
}

/* What a table of one's own does not say is no row. */
static void test_empty_rows(void **state)
{
    (void)state;
    json_t *facts = fixture(), *data = json_object_get(facts, "data");
    json_object_set_new(data, "licence", json_string(""));
    rg_str text = rendered("html", facts, false);
    assert_false(says(rg_str_text(&text), ">licence<"));
    assert_true(says(rg_str_text(&text), ">origin<"));
    rg_str_free(&text);
    json_decref(facts);
}

static void test_markdown(void **state)
{
    (void)state;
    json_t *facts = fixture();
    json_t *arm = json_array_get(json_object_get(facts, "arms"), 0);
    json_object_set_new(arm, "name", json_string("a|b\n<img src=x> *c* `d` [e](f)"));
    json_object_set_new(json_object_get(facts, "environment"), "command",
                        json_string("echo ```` `ls`"));
    rg_str text = rendered("md", facts, false);
    const char *all = rg_str_text(&text);
    assert_true(
        says(all, "| a\\|b &lt;img src=x> \\*c\\* \\`d\\` \\[e\\](f) | 0.97171 ± 0.00072 |"));
    assert_true(says(all, "`````sh\necho ```` `ls`\n`````\n"));
    assert_true(says(all, "- **supported** full is better than linear"));
    size_t bars = 0;
    for (const char *line = all;
         *line;) { /* every row of a table has as many cells as its head */
        size_t len = strcspn(line, "\n");
        size_t own = *line == '|' ? bars_of(line, len) : 0;
        assert_true(!own || !bars || own == bars);
        bars = own;
        line += len + (line[len] == '\n');
    }
    rg_str_free(&text);
    json_decref(facts);
}

/* ---- JSON and HTML */

static void test_json(void **state)
{
    (void)state;
    json_t *facts = fixture();
    rg_str text = rendered("json", facts, false);
    rg_err err = {0};
    json_t *back = rg_json_parse(rg_str_text(&text), text.len, "test", &err);
    assert_true(json_equal(facts, back));
    json_decref(back);
    json_decref(facts);
    rg_str_free(&text);
}

static void test_html(void **state)
{
    (void)state;
    json_t *facts = fixture();
    json_object_set_new(facts, "question", json_string("</h1><script>x</script>\"'&"));
    rg_str text = rendered("html", facts, false);
    const char *all = rg_str_text(&text);
    assert_true(text.len < 2000000);
    assert_false(says(all, "<script>x"));
    assert_true(says(all, "<h1>&lt;/h1&gt;&lt;script&gt;x"));
    assert_true(says(all, "default-src 'none'"));
    assert_false(says(all, "{{"
                           "style}}"));
    assert_true(says(all, "Redistribution and use in source and binary forms"));
    static const char *const charts[] = {"points",   "forest",   "curves-0", "curves-1",
                                         "search-0", "search-1", "search-2", "search-3"};
    for (size_t i = 0; i < RG_COUNT(charts); i++) {
        rg_str id = {0};
        rg_str_printf(&id, "<figure id=\"%s\">", charts[i]);
        assert_true(says(all, rg_str_text(&id)));
        rg_str_free(&id);
    }
    rg_str_free(&text);
    json_decref(facts);
}

static void test_find(void **state)
{
    (void)state;
    assert_ptr_equal(rg_rendering_find("md"), rg_rendering_find("markdown"));
    assert_string_equal(rg_rendering_find("txt")->name, "text");
    assert_null(rg_rendering_find("docx"));
}

/* ---- LaTeX, CSV, methods */

static rg_str latex_of(const char *text)
{
    rg_str ret = {0};
    latex_text(&ret, text);
    return ret;
}

static void test_latex_text(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a_b & 50 % $x$ #1 {y} ~z ^2",
         "a\\_b \\& 50 \\% \\$x\\$ \\#1 \\{y\\} \\textasciitilde{}z "
         "\\textasciicircum{}2"},
        {"\\input{x}", "\\textbackslash{}input\\{x\\}"},
        {"[a]* --b", "{[}a{]}{*} -{}-{}b"},
        {"−1 ± 2 ≥ x²", "$-$1 $\\pm$ 2 $\\geq$ x$^2$"},
        {"one\ntwo\x7f", "one two "},
        {"Demšar 模", "Demšar 模"},
        {"", ""},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_str text = latex_of(cases[i][0]);
        assert_string_equal(rg_str_text(&text), cases[i][1]);
        rg_str_free(&text);
    }
}

static void test_latex_numbers(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"-0.5", "$-0.5$"},       {"1.2e-05", "$1.2 \\times 10^{-5}$"},
        {"< 0.001", "$< 0.001$"}, {"–", "--"},
        {"∞", "$\\infty$"},       {"-∞", "-$\\infty$"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_str text = {0};
        latex_number(&text, cases[i][0]);
        assert_string_equal(rg_str_text(&text), cases[i][1]);
        rg_str_free(&text);
    }
    json_t *summary = json_pack("{s:f, s:[f, f]}", "mean", 0.9717, "interval", 0.9701, 0.9733);
    rg_str text = {0};
    latex_mean(&text, summary, true);
    assert_string_equal(rg_str_text(&text), "$\\mathbf{0.9717 \\pm 0.0016}$");
    json_object_set_new(summary, "interval", json_null());
    rg_str_clear(&text);
    latex_mean(&text, summary, false);
    assert_string_equal(rg_str_text(&text), "$0.9717$");
    rg_str_free(&text);
    json_decref(summary);
}

/* What a reader that knows only LaTeX's grammar would stumble over: braces and environments
 * that do not match, and rows with too many cells. */
static void check_latex(const char *text)
{
    int depth = 0, begun = 0, ands = 0, columns = 0;
    for (const char *c = text; *c; c++) {
        if (rg_text_starts(c, "\\begin{tabular}{"))
            columns = (int)strcspn(c + strlen("\\begin{tabular}{"), "}");
        begun += rg_text_starts(c, "\\begin{");
        begun -= rg_text_starts(c, "\\end{");
        if (*c == '\\' && c[1] == '\\')
            assert_int_equal(ands + 1, columns);
        ands = *c == '\n' ? 0 : ands + (*c == '&') + rg_text_starts(c, "\\multicolumn{2}");
        if (*c == '\\' && c[1]) {
            c++;
            continue;
        }
        depth += (*c == '{') - (*c == '}');
        assert_true(depth >= 0 && begun >= 0);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(begun, 0);
}

static json_t *standings(const json_t *facts, size_t sets)
{
    json_t *ret = json_array(), *arm;
    size_t i;
    for (size_t set = 0; set < (sets ? sets : 1); set++) {
        json_t *arms = json_array();
        char name[16];
        snprintf(name, sizeof(name), "set_%zu", set);
        json_array_foreach (json_object_get(facts, "arms"), i, arm) {
            json_t *about = json_deep_copy(rg_json_path(arm, "metrics.accuracy"));
            json_object_set_new(about, "leads", json_boolean(i != 1));
            json_array_append_new(arms, about);
        }
        json_array_append_new(ret, json_pack("{s:s?, s:s, s:s, s:o}", "set", sets ? name : NULL,
                                             "best", "full", "test", "paired t", "arms", arms));
    }
    return ret;
}

static void test_latex(void **state)
{
    (void)state;
    json_t *facts = fixture();
    json_object_set_new(facts, "standings", standings(facts, 0));
    json_object_set_new(facts, "methods", json_string("All of it, at 5 %."));
    rg_str text = rendered("tex", facts, false);
    const char *all = rg_str_text(&text);
    check_latex(all);
    assert_true(
        says(all, " & accuracy $\\uparrow$ & nll $\\downarrow$ & ece $\\downarrow$ \\\\\n"));
    assert_true(
        says(all, "\nfull & $\\mathbf{0.97171 \\pm 0.00072}$ & $0.0950 \\pm 0.0028$ & "));
    assert_true(says(all, "\nlinear & $0.9514 \\pm 0.0014$ & "));
    assert_true(
        says(all, "two-sided paired t test against the best, corrected over the 3 others"));
    assert_true(says(all, "full \\textgreater{} linear & supported & $0.0203$ & [$0.0187$, "
                          "$0.0219$] & $< 0.001$ & $8$ \\\\\n"));
    assert_true(says(all, "\\renewcommand{\\rigormethods}{%\nAll of it, at 5 \\%.}\n"));
    rg_str_free(&text);
    json_object_set_new(facts, "standings", standings(facts, 3)); /* arms are rows */
    text = rendered("tex", facts, false);
    check_latex(rg_str_text(&text));
    assert_true(says(rg_str_text(&text), " & set\\_0 & set\\_1 & set\\_2 & average \\\\\n"));
    rg_str_free(&text);
    json_object_set_new(facts, "standings", standings(facts, 5)); /* data sets are */
    text = rendered("tex", facts, false);
    check_latex(rg_str_text(&text));
    assert_true(says(rg_str_text(&text), " & full & linear & no-dropout & no-decay \\\\\n"));
    assert_true(says(rg_str_text(&text), "\nset\\_4 & $\\mathbf{0.97171"));
    assert_true(says(rg_str_text(&text), "\\midrule\naverage & $0.97171$ & "));
    assert_false(says(rg_str_text(&text), "\\parbox"));
    rg_str_free(&text);
    json_object_set_new(json_array_get(json_object_get(facts, "claims"), 0), "claim",
                        json_string("a_long_name_of_an_arm > another_name"));
    text = rendered("tex", facts, false);
    check_latex(rg_str_text(&text));
    assert_true(says(rg_str_text(&text), "\\strut a\\_\\allowbreak{}long"));
    rg_str_free(&text);
    json_decref(facts);
}

static void test_csv(void **state)
{
    (void)state;
    json_t *facts = fixture();
    json_t *claim = json_array_get(json_object_get(facts, "claims"), 0);
    json_object_set_new(claim, "claim", json_string("a \"b\", c\nd > e"));
    rg_str text = rendered("csv", facts, false);
    const char *all = rg_str_text(&text);
    assert_true(rg_text_starts(all, "claim,a,b,relation,situation,verdict,"));
    assert_true(says(all, "\n\"a \"\"b\"\", c\nd > e\",full,linear,>,,supported,true,8,"));
    double estimate = rg_json_number(json_object_get(claim, "estimate"), NAN);
    const char *cell = strstr(all, "true,8,") + strlen("true,8,");
    assert_true(strtod(cell, NULL) == estimate); /* nothing is rounded */
    rg_str_free(&text);
    json_decref(facts);
}

/* ---- Several data sets, fixed models, what stands beside a claim */

static const char more_text[] =
    "{'standings': [{'set': 'one', 'best': 'full', 'test': 'paired t', 'arms': ["
    "  {'name': 'full', 'mean': 0.9, 'interval': [0.88, 0.92], 'leads': true}]},"
    " {'set': 'two', 'best': 'full', 'test': 'paired t', 'arms': ["
    "  {'name': 'full', 'mean': 0.7, 'interval': [0.6, 0.8], 'leads': true}]}],"
    " 'ranking': {'sets': 6, 'arms': [{'name': 'full', 'rank': 1.25}, {'name': 'b', 'rank': "
    "2.5},"
    "   {'name': 'c', 'rank': 2.75}], 'critical_difference': 1.35, 'alpha': 0.05,"
    "  'cliques': [['full', 'b'], ['b', 'c']], 'friedman': {'chi2': 9.28, 'chi2_ties': 10.95,"
    "   'df': 2, 'f': 3.69, 'df1': 2, 'df2': 10, 'p_f': 0.02}},"
    " 'tasks': {'tasks': 2, 'arms': [{'name': 'full', 'runs': 5,"
    "   'iqm': {'estimate': 0.81, 'interval': [0.8, 0.82]},"
    "   'mean': {'estimate': 0.8, 'interval': [0.79, 0.81]},"
    "   'median': {'estimate': 0.82, 'interval': null}}],"
    "  'profiles': {'thresholds': [0.5, 0.6], 'arms': [{'name': 'full', 'share': [1, 0.5],"
    "   'lo': [0.9, 0.4], 'hi': [1, 0.6]}]},"
    "  'improvement': [{'a': 'full', 'b': 'b', 'p': 0.75, 'interval': [0.6, 0.9]}],"
    "  'resamples': 2000, 'seed': 1, 'notes': ['A note on tasks.']},"
    " 'models': {'examples': 360, 'kind': 'scores', 'arms': [{'name': 'm1', 'score': 0.97}],"
    "  'pairs': [{'a': 'm1', 'b': 'm2', 'only_a': 12, 'only_b': 4, 'p_mcnemar': 0.0768,"
    "   'auc_a': 0.998, 'auc_b': 0.991, 'p_delong': 0.0041,"
    "   'bootstrap': {'estimate': 0.0222, 'interval': [0.0056, 0.0389]}}]},"
    " 'sequential': {'min': 5, 'max': 30, 'step': 1}, 'methods': 'We compared.'}";
static const char beside_text[] =
    "{'situation': 'sets', 'confounds': ['The batch differs, too.'],"
    " 'anytime': {'evidence': 41.5, 'threshold': 60, 'interval': [0.01, 0.03]},"
    " 'by_set': [{'set': 'one', 'n': 5, 'mean_a': 0.9, 'mean_b': 0.88, 'estimate': 0.02,"
    "   'interval': [0.01, 0.03], 'p': 0.01, 'p_corrected': 0.02}]}";

static json_t *json_of(const char *text)
{
    rg_str quoted = {0};
    rg_err err = {0};
    for (; *text; text++)
        rg_str_add_n(&quoted, *text == '\'' ? "\"" : text, 1);
    json_t *ret = rg_json_parse(rg_str_text(&quoted), quoted.len, "test", &err);
    if (!ret)
        fail_msg("%s", err.what);
    rg_str_free(&quoted);
    return ret;
}

static json_t *fixture_with_more(void)
{
    json_t *facts = fixture(), *more = json_of(more_text), *beside = json_of(beside_text);
    json_object_update(facts, more);
    json_object_update(json_array_get(json_object_get(facts, "claims"), 0), beside);
    json_decref(more);
    json_decref(beside);
    return facts;
}

static void test_more(void **state)
{
    (void)state;
    static const char *const everywhere[] = {"The batch differs, too.",
                                             "Evidence 41.5; 60 settles",
                                             "0.010 to 0.030",
                                             "on each data set",
                                             "Mean ranks over 6 data sets",
                                             "F(2, 10) = 3.69, p = 0.020",
                                             "corrected for ties 10.95",
                                             "0.8100 (0.8000 to 0.8200)",
                                             "A note on tasks.",
                                             "0.75 (0.60 to 0.90)",
                                             "Pairs of models on 360 examples",
                                             "0.022 (0.006 to 0.039)"};
    static const char *const names[] = {"text", "markdown", "html"};
    json_t *facts = fixture_with_more();
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        rg_str text = rendered(names[i], facts, false);
        if (i == 0)
            check_width(rg_str_text(&text));
        char *words = flat(rg_str_text(&text));
        for (size_t k = 0; k < RG_COUNT(everywhere); k++)
            if (!says(words, everywhere[k]))
                fail_msg("%s does not say: %s", names[i], everywhere[k]);
        rg_free(words);
        rg_str_free(&text);
    }
    rg_str paper = rendered("latex", facts, false);
    check_latex(rg_str_text(&paper));
    assert_true(says(rg_str_text(&paper),
                     "\\draw (5.250,0) -- (5.250,-1.100) -- (-0.400,-1.100) "
                     "node[left] {b (2.50)};"));
    assert_true(says(rg_str_text(&paper), "full & $0.8100$ & [$0.8000$, $0.8200$] & "));
    rg_str_free(&paper);
    rg_str page = rendered("html", facts, false);
    static const char *const charts[] = {"critical", "tasks", "profile-0"};
    for (size_t i = 0; i < RG_COUNT(charts); i++) {
        rg_str id = {0};
        rg_str_printf(&id, "<figure id=\"%s\">", charts[i]);
        assert_true(says(rg_str_text(&page), rg_str_text(&id)));
        rg_str_free(&id);
    }
    assert_true(says(rg_str_text(&page), "<blockquote>We compared.</blockquote>"));
    rg_str_free(&page);
    json_decref(facts);
}

/* ---- Nothing in the facts may break a rendering */

typedef enum damage { REMOVE, MAKE_NULL, MAKE_TEXT, MAKE_NUMBER, DAMAGES } damage;
static const char *const renderings[] = {"text",  "markdown", "html",   "json",
                                         "latex", "csv",      "methods"};
static size_t damaged;

static json_t *wrong(damage how)
{
    return how == MAKE_NULL   ? json_null()
           : how == MAKE_TEXT ? json_string("$x")
                              : json_real(-2.5);
}

static void check_damaged(const json_t *facts)
{
    for (size_t i = 0; i < RG_COUNT(renderings); i++) {
        rg_str text = rendered(renderings[i], facts, false);
        assert_true(text.len > 0);
        assert_true(rg_utf8_valid(rg_str_text(&text), text.len));
        rg_str_free(&text);
    }
    damaged++;
}

/* Damages every value below `at`, one at a time, and mends it again. */
static void damage_all(json_t *facts, json_t *at)
{
    for (void *step = json_object_iter(at); step; step = json_object_iter_next(at, step))
        damage_all(facts, json_object_iter_value(step));
    for (size_t i = 0; i < json_array_size(at); i++)
        damage_all(facts, json_array_get(at, i));
    for (damage how = REMOVE; how < DAMAGES; how++) {
        json_t *keep = json_copy(at), *key;
        json_t *keys = json_array();
        for (void *step = json_object_iter(at); step; step = json_object_iter_next(at, step))
            json_array_append_new(keys, json_string(json_object_iter_key(step)));
        size_t i;
        json_array_foreach (keys, i, key) {
            const char *name = json_string_value(key);
            if (how == REMOVE)
                json_object_del(at, name);
            else
                json_object_set_new(at, name, wrong(how));
            check_damaged(facts);
            json_object_set(at, name, json_object_get(keep, name));
        }
        for (i = 0; how != REMOVE && i < json_array_size(at); i++) {
            json_array_set_new(at, i, wrong(how));
            check_damaged(facts);
            json_array_set(at, i, json_array_get(keep, i));
        }
        json_decref(keys);
        json_decref(keep);
    }
}

/* One of each kind is enough, and quick. */
static void thin(json_t *at)
{
    for (void *step = json_object_iter(at); step; step = json_object_iter_next(at, step))
        thin(json_object_iter_value(step));
    while (json_array_size(at) > 2)
        json_array_remove(at, 1);
    for (size_t i = 0; i < json_array_size(at); i++)
        thin(json_array_get(at, i));
}

static void test_damage(void **state)
{
    (void)state;
    json_t *facts = fixture_with_more();
    thin(facts);
    for (size_t i = json_array_size(json_object_get(facts, "arms")); i-- > 1;)
        json_array_remove(json_object_get(facts, "arms"), i);
    json_object_del(facts, "effects");
    damage_all(facts, facts);
    assert_true(damaged > 500);
    json_decref(facts);
    json_t *nothing = json_object();
    check_damaged(nothing);
    json_decref(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_script_hash),
        cmocka_unit_test(test_script_cannot_be_closed),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_empty_rows),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_latex_text),
        cmocka_unit_test(test_latex_numbers),
        cmocka_unit_test(test_latex),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
