// Renders docs/statistics/NAME.vl.json to NAME.svg.  A picture's data {"name": "power", "at":
// "detectable.rows"} is that part of build/pictures/power.json.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'docs/statistics');
const library = (file) => import(pathToFileURL(path.join(root, 'build/web/node_modules', file)));
const vega = await library('vega/build/vega.module.js');
const lite = await library('vega-lite/build/index.js');
const { textMetrics } = await library('vega-scenegraph/build/vega-scenegraph.js');
// Without a canvas Vega guesses that every letter is .8 of its height wide: far too much.
textMetrics.width = (item, text) => 0.53 * String(text ?? '').length * (item.fontSize ?? 11);

// A card of its own colour, so that the picture reads the same on light and on dark pages.
const TEXT = '#3d4550';
const LINE = '#dfe3e8';
const config = {
    background: '#ffffff',
    padding: 14,
    font: 'Helvetica, Arial, sans-serif',
    view: { stroke: null },
    title: { anchor: 'start', fontSize: 14, fontWeight: 600, color: TEXT, offset: 12 },
    axis: {
        labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, titlePadding: 8,
        labelColor: TEXT, titleColor: TEXT, gridColor: LINE, domainColor: LINE, tickColor: LINE,
        labelLimit: 320, labelPadding: 5, labelFlush: false,
    },
    legend: {
        labelFontSize: 12, titleFontSize: 12, labelColor: TEXT, titleColor: TEXT, orient: 'top',
        titleFontWeight: 500, titleOrient: 'left', titlePadding: 12, symbolStrokeWidth: 3, symbolOpacity: 1, labelLimit: 320, offset: 6,
    },
    text: { color: TEXT, fontSize: 12 },
    range: { category: ['#3b7dd8', '#e07b1a', '#1a9e77', '#b4519e', '#a68a00', '#5b6b80'] },
};

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

// `numbered`: rows {index, data} of a list of plain values, which a lookup can then find.
function valuesOf({ name, at = '', numbered = false }) {
    const whole = read(path.join(root, 'build/pictures', `${name}.json`));
    const part = at.split('.').filter(Boolean).reduce((value, key) => value[key], whole);
    const rows = Array.isArray(part) ? part : [part];
    return numbered ? rows.map((data, i) => ({ index: i + 1, data })) : rows;
}

// Puts the values in place of every {"data": {"name": ...}} of a specification.
function filled(spec) {
    if (Array.isArray(spec)) return spec.map(filled);
    if (spec === null || typeof spec !== 'object') return spec;
    return Object.fromEntries(Object.entries(spec).map(([key, value]) =>
        [key, key === 'data' && value.name ? { values: valuesOf(value) } : filled(value)]));
}

const wanted = process.argv.slice(2);
const names = readdirSync(folder).filter((file) => file.endsWith('.vl.json'))
    .map((file) => file.replace('.vl.json', ''))
    .filter((name) => wanted.length === 0 || wanted.includes(name));
for (const name of names) {
    const spec = filled(read(path.join(folder, `${name}.vl.json`)));
    const view = new vega.View(vega.parse(lite.compile(spec, { config }).spec),
                               { renderer: 'none' });
    view.logger().error = (error) => { throw error; };
    writeFileSync(path.join(folder, `${name}.svg`), `${await view.toSVG()}\n`);
    console.log(`docs/statistics/${name}.svg`);
}
