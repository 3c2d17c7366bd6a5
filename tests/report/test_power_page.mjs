// Opens the page of `rigor power` in headless Chromium: nothing may be fetched, nothing may fail,
// both charts must be drawn.  $1 is the build tree.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { findBrowser } from './browser.mjs';

const build = path.resolve(process.argv[2]);
const { chromium, executablePath } = findBrowser(build);

const file = path.resolve('power.html');
execFileSync(path.join(build, 'rigor'),
    ['power', '--effect', '0.01', '--sd', '0.012', '--seeds', '6', '--claims', '3', '--html', file]);

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
for (const width of [1200, 400]) {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const said = [];
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && said.push(m.text()));
    page.on('pageerror', (e) => said.push(String(e)));
    page.on('request', (r) => !/^(file|data|blob):/.test(r.url()) && said.push(`asked for ${r.url()}`));
    await page.goto(pathToFileURL(file).href);
    await page.waitForFunction(() => document.documentElement.dataset.drawn
        && !document.querySelector('.plot[data-state=drawing]'), null, { timeout: 60000 });
    const states = await page.$$eval('.plot', (all) => all.map((p) => p.dataset.state));
    assert.deepEqual(states, ['drawn', 'drawn']);
    assert.deepEqual(said, []);
    const words = await page.locator('main').innerText();
    assert.match(words, /An effect of 0\.01 \(0\.83 sd\) takes 19 seeds/);
    assert.match(words, /Seeds for a power of 80 %|seeds for a power of 80 %/);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `scrolls sideways by ${overflow}`);
    await page.screenshot({ path: `power-${width}.png`, fullPage: true });
    await page.close();
}
await browser.close();
console.log('all held');
