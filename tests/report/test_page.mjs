// Opens the HTML report in headless Chromium, from a file, for every fixture: nothing may be
// fetched, nothing may fail, every chart must be drawn, and a phone must not scroll sideways.
// $1 is the build tree; $2 one fixture alone.  The pictures of a fixture alone, and of the plain
// study, are left in the working folder.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { findBrowser } from './browser.mjs';
import { FIXTURES, TABLES } from './fixtures.mjs';

const build = path.resolve(process.argv[2]);
const wanted = process.argv[3]; // one fixture alone
const { chromium, executablePath } = findBrowser(build);

const SIZES = {
    desktop: { viewport: { width: 1200, height: 900 }, colorScheme: 'light' },
    dark: { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' },
    phone: { viewport: { width: 400, height: 800 }, colorScheme: 'light', deviceScaleFactor: 2 },
};
const PIXELS_MAX = 15000; // a longer page is cut in its picture

function render(name, facts) {
    const source = path.resolve(`${name}.json`);
    writeFileSync(source, JSON.stringify(facts));
    const html = execFileSync(path.join(build, 'tests/tool.render'), ['html', source],
        { maxBuffer: 1 << 28 });
    assert.ok(html.length < 2e6 || name === 'crowded', `${name}: ${html.length} bytes`);
    const page = path.resolve(`${name}.html`);
    writeFileSync(page, html);
    return pathToFileURL(page).href;
}

/* The facts that the program itself makes of a table of results. */
function compared(name, { text }) {
    const table = path.resolve(`${name}.csv`);
    writeFileSync(table, text);
    return JSON.parse(execFileSync(path.join(build, 'rigor'), ['compare', table, '--json'], { maxBuffer: 1 << 28 }));
}

function watch(page) {
    const said = [];
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && said.push(m.text()));
    page.on('pageerror', (e) => said.push(String(e)));
    page.on('request', (r) => !/^(file|data|blob):/.test(r.url()) && said.push(`asked for ${r.url()}`));
    page.on('dialog', (d) => { said.push(`dialog ${d.message()}`); d.dismiss(); });
    return said;
}

const drawn = (page) => page.waitForFunction(() => document.documentElement.dataset.drawn
    && !document.querySelector('.plot[data-state=drawing]'), null, { timeout: 60000 });

async function openAll(page) {
    await page.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));
    await page.waitForFunction(() => [...document.querySelectorAll('.plot')]
        .every((p) => ['drawn', 'failed'].includes(p.dataset.state)), null, { timeout: 120000 });
}

async function checkWords(page, facts) {
    const text = await page.locator('#verdicts').innerText();
    const flat = text.replace(/\s+/g, ' ');
    for (const claim of facts.claims) {
        assert.ok(flat.includes(claim.sentence.replace(/\s+/g, ' ')), `verdict missing: ${claim.sentence}`);
        assert.ok(flat.includes(claim.verdict), `word missing: ${claim.verdict}`);
        for (const said of [...claim.notes, ...(claim.confounds ?? [])])
            assert.ok(flat.includes(said.replace(/\s+/g, ' ')), `beside the verdict: ${said}`);
        assert.ok(!claim.anytime || /Evidence [\d.]+; 60 settles/.test(flat), 'evidence missing');
    }
    if (!facts.claims.length)
        assert.match(flat, /no (claim|verdict)/i);
    const cards = await page.locator('.verdict').count();
    for (const mark of facts.marks) // stands on every card
        assert.equal(await page.locator('.sentence', { hasText: mark }).count(), cards);
    const whole = await page.locator('body').innerText();
    for (const warning of facts.warnings)
        assert.ok(whole.includes(warning), `warning missing: ${warning}`);
    const spaced = whole.replace(/\s+/g, ' ');
    for (const said of [facts.methods, ...(facts.tasks?.notes ?? []), facts.ranking && 'Friedman\'s test'])
        assert.ok(!said || spaced.includes(said.replace(/\s+/g, ' ')), `missing: ${said}`);
    for (const hash of [facts.fingerprint, facts.ledger_head])
        assert.ok(!hash || whole.includes(hash), `hash missing: ${hash}`);
    assert.deepEqual(await page.$$eval('section:not(#verdicts)', (all) => all.filter((s) => s.innerText.trim().split('\n').length < 2)
        .map((s) => s.id)), [], 'empty sections');
    assert.deepEqual(await page.$$eval('nav a', (all) => all.map((a) => a.getAttribute('href'))
        .filter((href) => !document.querySelector(href))), [], 'links that lead nowhere');
}

async function checkCharts(page) {
    const plots = await page.$$eval('.plot', (all) => all.map((p) => ({
        state: p.dataset.state, label: p.getAttribute('aria-label'), text: p.textContent.slice(0, 200),
        marks: p.querySelectorAll('svg .mark-symbol path, svg .mark-line path').length,
        bad: /NaN|Infinity|undefined/.test([...p.querySelectorAll('svg path, svg line')]
            .map((e) => e.outerHTML).join('')),
        rows: p.closest('figure').querySelectorAll('.data tbody tr').length,
        caption: p.closest('figure').querySelector('figcaption').textContent,
    })));
    for (const plot of plots) {
        assert.equal(plot.state, 'drawn', `${plot.label}: ${plot.text}`);
        assert.ok(plot.marks > 0, `no marks: ${plot.label}`);
        assert.ok(!plot.bad, `a mark without a place: ${plot.label}`);
        assert.ok(plot.label.length > 20 && plot.caption.length > 20, `no words: ${plot.label}`);
        assert.ok(plot.rows > 0, `no table: ${plot.label}`);
    }
    return plots.length;
}

async function checkWidth(page, where) {
    const over = await page.evaluate(() => {
        const root = document.documentElement;
        const wide = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, svg')
            && e.getBoundingClientRect().right > root.clientWidth + 1);
        return { by: root.scrollWidth - root.clientWidth,
            who: wide.slice(0, 5).map((e) => `${e.tagName}.${e.className}`) };
    });
    assert.ok(over.by <= 0, `${where}: scrolls sideways by ${over.by} (${over.who})`);
}

/* What is in reach without a turn of a wheel: the tables outside of charts, on a desk. */
async function checkTables(page) {
    assert.deepEqual(await page.$$eval('.scroll', (all) => all.filter((s) => !s.closest('figure')
        && s.scrollWidth > s.clientWidth + 1).map((s) => s.ariaLabel)), [], 'tables that are cut');
}

/* An arm whose runs all failed has no place on the axis: it is named instead. */
async function checkLost(page, facts) {
    const lost = facts.arms.filter((arm) => arm.failures && arm.failures === arm.seeds.length).map((arm) => arm.name);
    const chart = page.locator('#points');
    for (const name of lost) {
        assert.match(await chart.locator('figcaption').innerText(), new RegExp(`every run failed: .*${name}`));
        assert.equal(await chart.locator('svg').getByText(name, { exact: true }).count(), 0, `drawn: ${name}`);
    }
}

const luminance = (page) => page.evaluate(() => {
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = getComputedStyle(document.body).backgroundColor;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3).reduce((a, b) => a + b) / 765;
});

// The source of a chart can be changed: what is typed is drawn, what is wrong is said.
async function checkSource(page) {
    const figure = page.locator('figure').first();
    await figure.locator('.source > summary').click();
    await page.waitForFunction(() => document.querySelector('figure textarea').value.length > 0);
    const area = figure.locator('textarea');
    const spec = JSON.parse(await area.inputValue());
    await area.fill(JSON.stringify({ ...spec, title: 'changed by hand' }));
    await figure.getByText('Draw again').click();
    await figure.locator('svg').getByText('changed by hand').waitFor();
    await area.fill('{');
    await figure.getByText('Draw again').click();
    await page.waitForFunction(() => document.querySelector('figure output').textContent.length > 0);
    await figure.getByText('Reset').click();
    await page.waitForFunction(() => !document.querySelector('figure svg').textContent.includes('changed'));
}

async function checkTheme(page) {
    const before = await luminance(page);
    await page.locator('#theme').click();
    const after = await luminance(page);
    assert.ok(Math.abs(before - after) > 0.5, `the theme did not change: ${before} ${after}`);
    await page.locator('#theme').click();
}

const picture = async (page, name) => {
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.screenshot({ path: `${name}.png`, fullPage: height < PIXELS_MAX });
};

async function look({ page, said }, name, size, url, facts) {
    said.length = 0;
    await page.goto(url);
    await drawn(page);
    await checkWords(page, facts);
    await checkWidth(page, `${name} ${size}`);
    if (wanted || name === 'study')
        await picture(page, `${name}-${size}`);
    if (size === 'dark')
        assert.ok(await luminance(page) < 0.2, 'dark is not dark');
    if (size === 'desktop' && ['study', 'failing', 'sequential', 'folds'].includes(name))
        await checkTables(page);
    await checkLost(page, facts);
    if (size === 'desktop' && name === 'study') {
        await checkTheme(page);
        await checkSource(page);
        await page.pdf({ path: `${name}.pdf`, format: 'A4' });
    }
    await openAll(page);
    const charts = await checkCharts(page);
    await checkWidth(page, `${name} ${size}, everything open`);
    assert.equal(await page.evaluate(() => window.hacked), undefined, 'a script ran');
    assert.deepEqual(said, [], `${name} ${size}`);
    return charts;
}

const EXPECTED = { study: 8, hostile: 8, failing: 8, incomplete: 2, alone: 3, table: 2, crowded: 82,
    sequential: 8, models: 1, 'many-sets': 16, 'few-sets': 6, failures: 5, unpaired: 2, folds: 2 };
const browser = await chromium.launch({ // in a fresh profile of its own
    executablePath, headless: true,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
/* One page for each size serves all fixtures: the charts' code is compiled once for each. */
const pages = {};
for (const [size, options] of Object.entries(SIZES)) {
    const page = await (await browser.newContext({ ...options, offline: true })).newPage();
    pages[size] = { page, said: watch(page) };
}
let failed = 0;
async function tryOne(name, size, url, facts) {
    if (size === 'dark' && !['study', 'failing', 'many-sets'].includes(name))
        return; // the colours are the same whatever the facts are
    try {
        const charts = await look(pages[size], name, size, url, facts);
        assert.equal(charts, EXPECTED[name], 'number of charts');
        console.log(`ok   ${name} ${size}: ${charts} charts`);
    } catch (error) {
        failed++;
        console.log(`FAIL ${name} ${size}: ${error.message}`);
    }
}
for (const name of [...Object.keys(FIXTURES), ...Object.keys(TABLES)]) {
    if (wanted && wanted !== name)
        continue;
    const facts = FIXTURES[name] ? FIXTURES[name]() : compared(name, TABLES[name]);
    const url = render(name, facts);
    await Promise.all(Object.keys(SIZES).map((size) => tryOne(name, size, url, facts)));
}
await browser.close();
process.exit(failed ? 1 : 0);
