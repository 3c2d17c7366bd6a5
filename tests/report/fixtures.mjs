// Facts (docs/json.md) for the tests of the report: a plausible study, made from a seeded
// generator, and what a hostile or unlucky world makes of it.
//
//     node tests/report/fixtures.mjs > tests/lab/report/fixture.json

const EPOCHS = 20;
const TRIALS = 30;
const SEEDS = 8;
const T_95 = { 7: 2.3646, 4: 2.7764 };

function generator(state) { // mulberry32
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

const round = (x, digits = 4) => Number(x.toFixed(digits));
const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
const sd = (v) => Math.sqrt(v.reduce((a, b) => a + (b - mean(v)) ** 2, 0) / (v.length - 1));

function summary(values) {
    const half = (T_95[values.length - 1] * sd(values)) / Math.sqrt(values.length);
    return {
        mean: round(mean(values), 6), sd: round(sd(values), 6), n: values.length,
        interval: [round(mean(values) - half, 6), round(mean(values) + half, 6)], values,
    };
}

const ARMS = [
    { name: 'full', level: 0.9725, kind: 'arm', of: null, changes: {} },
    { name: 'linear', level: 0.9494, kind: 'arm', of: null, changes: { 'model.name': 'linear' } },
    { name: 'no-dropout', level: 0.9682, kind: 'ablation', of: 'full', changes: { 'model.dropout': 0 } },
    { name: 'no-decay', level: 0.9717, kind: 'ablation', of: 'full', changes: { 'train.weight_decay': 0 } },
];
const CLAIMS = [
    { a: 'full', b: 'linear', verdict: 'supported', p: 2.1e-6, sentence: (s) =>
        `full is better than linear: accuracy is higher by ${s.mean.toFixed(4)} (95 % interval ` +
        `${s.interval[0].toFixed(4)} to ${s.interval[1].toFixed(4)}, corrected p < 0.001, 8 pairs).` },
    { a: 'full', b: 'no-dropout', verdict: 'fragile', p: 0.0171, sentence: (s) =>
        `full beats no-dropout by the t test (a difference of ${s.mean.toFixed(4)}, corrected ` +
        'p = 0.034), but the signed-rank test does not agree: look at seed 4021735810533427.' },
    { a: 'full', b: 'no-decay', verdict: 'inconclusive', p: 0.41, sentence: (s) =>
        `Nothing is settled between full and no-decay: a difference of ${s.mean.toFixed(4)} was ` +
        'seen, and 8 seeds would have shown 0.0031 or more with 80 % power.' },
];

function pairs(a, b, seeds) {
    return seeds.map((seed, i) => ({ seed, a: a[i], b: b[i], difference: round(a[i] - b[i], 6) }));
}

function claim(spec, arms, seeds) {
    const [a, b] = [spec.a, spec.b].map((n) => arms.find((x) => x.name === n).metrics.accuracy.values);
    const differences = pairs(a, b, seeds);
    const s = summary(differences.map((d) => d.difference));
    const settled = spec.verdict === 'supported';
    return {
        claim: `${spec.a} > ${spec.b}`, a: spec.a, b: spec.b, relation: '>', verdict: spec.verdict,
        meaningful: spec.verdict !== 'inconclusive', estimate: s.mean, interval: s.interval,
        p: spec.p, p_corrected: Math.min(1, spec.p * (settled ? 3 : 2)), p_signflip: settled ? 0.0078 : 0.0547,
        p_wilcoxon: settled ? 0.0078 : 0.0625, effect_size: round(s.mean / s.sd, 3),
        p_superior: settled ? 1 : 0.75, p_superior_interval: settled ? [0.6306, 1] : [0.3491, 0.9681],
        hodges_lehmann: round(s.mean * 0.98, 6), tost_p: settled ? 0.9999 : 0.21, n: seeds.length,
        mde: round(1.16 * s.sd, 6), seeds_needed: spec.verdict === 'inconclusive' ? 94 : null,
        differences, sentence: spec.sentence(s),
        notes: spec.verdict === 'fragile' ? ['Without seed 4021735810533427 the difference is 0.0029.'] : [],
    };
}

export function study() {
    const random = generator(7);
    const noise = () => (random() + random() + random() - 1.5) * 0.0042;
    const seeds = Array.from({ length: SEEDS }, (_, i) => 4021735810533420 + i * 7);
    const arms = ARMS.map((spec) => {
        const test = seeds.map(() => round(spec.level + noise(), 6));
        const validation = seeds.map(() => round(spec.level + 0.002 + noise(), 6));
        const linear = spec.name === 'linear';
        const model = linear ? { name: 'linear' }
            : { name: 'mlp', hidden: [64, 64], activation: 'relu', dropout: spec.name === 'no-dropout' ? 0 : 0.214 };
        return {
            name: spec.name, kind: spec.kind, of: spec.of, changes: spec.changes,
            config: { model, train: { optimizer: 'adamw', lr: 0.00312, batch: 64, epochs: EPOCHS,
                weight_decay: spec.name === 'no-decay' ? 0 : 0.0087 } },
            metrics: { accuracy: summary(test),
                nll: summary(test.map((t) => round(3.2 * (1 - t) + 0.01 * random(), 6))),
                ece: summary(test.map(() => round(0.008 + 0.006 * random(), 6))) },
            seeds, failures: 0, failed: [],
            tuning: { trials: TRIALS, failed: linear ? 0 : 1, best_trial: 17,
                score: round(spec.level + 0.0075, 6), default_score: round(spec.level - 0.004, 6) },
            validation: { accuracy: summary(validation) },
        };
    });
    const search = arms.flatMap((arm) => Array.from({ length: TRIALS }, (_, trial) => {
        const failed = trial === 11 && arm.name !== 'linear';
        const point = { 'train.lr': Number((10 ** (-4 + 2.5 * random())).toPrecision(4)) };
        if (arm.name !== 'no-decay')
            point['train.weight_decay'] = Number((10 ** (-5 + 4 * random())).toPrecision(4));
        if (!['linear', 'no-dropout'].includes(arm.name))
            point['model.dropout'] = round(0.6 * random());
        const score = trial === 17 ? arm.tuning.score : trial === 0 ? arm.tuning.default_score
            : round(arm.tuning.score - 0.0008 - 0.035 * random() ** 2 - 0.01 * Math.exp(-trial / 8), 6);
        return { arm: arm.name, trial, seed: 1048613 + trial, score: failed ? null : score, failed,
            reason: failed ? 'the loss is not finite at epoch 3: log of 0' : null, point };
    }));
    const curves = arms.flatMap((arm) => seeds.flatMap((seed, k) => {
        const step = Array.from({ length: EPOCHS }, (_, i) => i + 1);
        const end = arm.metrics.accuracy.values[k] + 0.002;
        return [
            { arm: arm.name, seed, metric: 'val_accuracy', step,
                value: step.map((s) => round(end - 0.3 * Math.exp(-s / 2.6) + noise() / 2)) },
            { arm: arm.name, seed, metric: 'train_loss', step,
                value: step.map((s) => round(0.02 + (1 - end) + 2.1 * Math.exp(-s / 2.9) + Math.abs(noise()))) },
        ];
    }));
    return {
        format: 'rigor-facts/1', study: 'digits-dropout',
        question: 'Does dropout help a small MLP on handwritten digits?',
        status: 'complete', marks: [], trust: 'scored',
        metric: { name: 'accuracy', goal: 'maximize' }, also: ['nll', 'ece'],
        analysis: { alpha: 0.05, correction: 'holm', margin: 0.005 },
        data: { name: 'digits', title: 'Optical recognition of handwritten digits', task: 'classify',
            rows: 1797, features: 64, classes: 10,
            hash: '6ce1f9ae3a8b6c1c41ff2a1ea1b0a0dca5ab9a1c7b84a1b32a2a7f7d91d5f0b1',
            licence: 'CC BY 4.0', origin: 'UCI Machine Learning Repository',
            split: { train: 1077, val: 360, test: 360, stratify: true, seed: 1,
                hash: 'b2d81c6b2f02a3bb1f6cf8bd2f1d1c0a4c44a2c59a0b8b46c1f3c66a1e7b7a10' },
            scale: 'standard' },
        stages: { split: { done: 1, total: 1, failed: 0 }, tune: { done: 120, total: 120, failed: 3 },
            evaluate: { done: 32, total: 32, failed: 0 }, analyse: { done: 3, total: 3, failed: 0 } },
        arms, claims: CLAIMS.map((c) => claim(c, arms, seeds)),
        effects: arms.filter((arm) => arm.of).map((arm) => ({ a: arm.of, b: arm.name,
            difference: summary(pairs(arms[0].metrics.accuracy.values, arm.metrics.accuracy.values, seeds)
                .map((d) => d.difference)) })),
        search,
        space: [{ name: 'train.lr', kind: 'log', lo: 1e-4, hi: 3e-2, log: true },
            { name: 'train.weight_decay', kind: 'log', lo: 1e-5, hi: 0.1, log: true },
            { name: 'model.dropout', kind: 'uniform', lo: 0, hi: 0.6, log: false }],
        sampler: { name: 'gp', why: 'the space is flat and has at most 250 trials' },
        curves,
        checks: [
            { name: 'equal budgets', status: 'pass', detail: 'every tuned arm had 30 trials' },
            { name: 'seal', status: 'pass', detail: 'the test labels were opened once, after every run had ended' },
            { name: 'duplicates across parts', status: 'pass', detail: 'no row of the test part occurs in another' },
            { name: 'failed runs', status: 'pass', detail: 'all 32 runs ended well' },
            { name: 'edge of the space', status: 'warn',
                detail: 'linear: train.lr = 0.02991 lies within 2 % of its upper bound 0.03' },
            { name: "winner's curse", status: 'warn',
                detail: 'linear: the winning trial scored 0.9569; fresh seeds scored 0.9510 on the same part' },
        ],
        warnings: ['3 of 120 trials failed; each counts as the worst value of its search.'],
        seal: { openings: 1, labels_sha256: '3f4a6d7ce2f2b8e2c9e4d7d1e2ce9c84b8e0f5c3e2a1d09c8b7a6f5e4d3c2b1a' },
        fingerprint: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
        environment: { rigor: '0.1.0', machine: 'x86_64', cpu: 'AMD EPYC 7B13', kernel: 'Linux 6.1.0',
            compiler: 'gcc 12.2.0', libraries: { jansson: '2.14', sqlite: '3.40.1', onednn: '2.6.3' },
            created: '2026-01-31T12:00:00.123Z', finished: '2026-01-31T12:00:41.502Z', wall_s: 41.379,
            cpu_s: 79.21, peak_bytes: 187695104, trials_per_s: 4.1, path: 'studies/digits-dropout',
            command: 'rigor run examples/digits.yaml', git: null,
            costs: arms.map((arm) => ({ arm: arm.name, parameters: arm.name === 'linear' ? 650 : 9034, steps: 680,
                wall_s: 0.31, cpu_s: 0.3 })) },
        ledger_head: '9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d5e4f30211203f4e5d6c7b8a9',
    };
}

/* Every worst wish at once: markup, quotes, a closing script tag, right-to-left and wide letters. */
export const HOSTILE = '</script><script>window.hacked=1</script>"\'&<!--<b>';

function renamed(facts, from, to) {
    const text = JSON.stringify(facts);
    return JSON.parse(text.replaceAll(JSON.stringify(from), JSON.stringify(to)));
}

export function hostile() {
    const facts = renamed(renamed(study(), 'full', HOSTILE), 'linear', 'línea 線形モデル 🧪 עברית');
    facts.study = HOSTILE;
    facts.question = `Is ${HOSTILE} [safe](javascript:window.hacked=1) | with\nlines?`;
    facts.marks = ['exploratory', 'self-reported'];
    facts.claims.forEach((c) => { c.sentence = `${HOSTILE} ${c.sentence}`; });
    facts.warnings.push(HOSTILE, 'a very long word ' + 'x'.repeat(300));
    facts.environment.command = `rigor run '${HOSTILE}' && echo ${'long '.repeat(60)}`;
    facts.arms[0].config[HOSTILE] = HOSTILE;
    return facts;
}

/* Two runs failed and count as 0; one arm's runs all failed; a single failed seed has no interval. */
export function failing() {
    const facts = study();
    const fail = (arm, count) => {
        for (let i = 0; i < count; i++)
            arm.metrics.accuracy.values[i] = 0;
        arm.metrics.accuracy = summary(arm.metrics.accuracy.values);
        arm.failures = count;
        arm.failed = arm.seeds.slice(0, count).map((seed) => ({ seed, reason: 'killed: out of memory' }));
    };
    fail(facts.arms[2], 2);
    fail(facts.arms[1], SEEDS);
    facts.arms[1].metrics.accuracy.interval = null;
    facts.claims = facts.claims.map((c, i) => ({ ...claim(CLAIMS[i], facts.arms, facts.arms[0].seeds),
        verdict: ['refuted', 'equivalent', 'inconclusive'][i], interval: i ? c.interval : null, p: null,
        p_corrected: null, notes: ['2 failed runs count as the worst value.'] }));
    facts.stages.evaluate.failed = 2 + SEEDS;
    facts.checks.push({ name: 'failed runs', status: 'fail', detail: '10 of 32 runs failed' });
    return facts;
}

/* A study that was interrupted while tuning: no run, no claim, no freeze yet. */
export function incomplete() {
    const facts = study();
    facts.status = 'incomplete';
    facts.search = facts.search.slice(0, 47);
    facts.stages = { split: { done: 1, total: 1, failed: 0 }, tune: { done: 47, total: 120, failed: 1 },
        evaluate: { done: 0, total: 32, failed: 0 }, analyse: { done: 0, total: 3, failed: 0 } };
    facts.arms.forEach((arm) => Object.assign(arm, { metrics: {}, validation: {}, config: null, tuning: null }));
    Object.assign(facts, { claims: [], effects: [], curves: [] });
    return facts;
}

/* One arm, nothing tuned, nothing claimed: the least that a study can be. */
export function alone() {
    const facts = study();
    facts.arms = facts.arms.slice(0, 1);
    facts.arms[0].tuning = null;
    Object.assign(facts, { claims: [], effects: [], search: [], space: [], sampler: null, warnings: [], checks: [] });
    facts.curves = facts.curves.filter((c) => c.arm === 'full');
    return facts;
}

/* What rigor compare knows: scores from a table, nothing of how they came about. */
export function table() {
    const { format, study: name, status, metric, analysis, arms, claims } = study();
    return { format, study: name, question: 'Which differences in accuracy are more than luck?', status,
        marks: ['self-reported'], trust: 'self-reported', metric, also: [], analysis,
        arms: arms.map((arm) => ({ ...arm, kind: 'arm', of: null, changes: {}, config: {}, tuning: null,
            metrics: { accuracy: arm.metrics.accuracy }, validation: undefined })),
        claims, warnings: [] };
}

export function crowded(count = 60) {
    const facts = study();
    const copies = (list, key) => Array.from({ length: count }, (_, i) => list.map((x) =>
        ({ ...x, [key]: `arm-${String(i).padStart(2, '0')}` }))).flat();
    const only = (list) => list.filter((x) => x.arm === 'full');
    facts.arms = copies(facts.arms.slice(0, 1), 'name');
    facts.search = copies(only(facts.search), 'arm');
    facts.curves = copies(only(facts.curves), 'arm');
    facts.claims = Array.from({ length: count - 1 }, (_, i) => ({ ...facts.claims[i % 3],
        claim: `arm-00 > arm-${i + 1}`, a: 'arm-00', b: `arm-${String(i + 1).padStart(2, '0')}` }));
    facts.effects = [];
    return facts;
}

/* Seeds that were added while looking, and claims whose arms differ in more than they say. */
export function sequential() {
    const facts = study();
    facts.sequential = { min: 5, max: 30, step: 1, seeds: 8, end: 'decided', looks: [] };
    facts.claims.forEach((c, i) => Object.assign(c, { situation: 'sequential',
        anytime: { evidence: [412.7, 31.2, 0.4][i], threshold: 60,
            interval: i < 2 ? [c.interval[0] - 0.002, c.interval[1] + 0.002] : null },
        confounds: i === 1 ? ['full and no-dropout also differ in train.lr: 0.003 and 0.001.',
            'full was trained on another machine from seed 4021735810533455 on.'] : [] }));
    return facts;
}

/* Two models on one test set: nothing is known of seeds. */
export function models() {
    const facts = table();
    const score = { full: 0.9722, linear: 0.95 };
    facts.arms = facts.arms.slice(0, 2).map((arm) => ({ ...arm, seeds: [], metrics: { accuracy: {
        mean: score[arm.name], sd: null, n: 1, interval: null, values: [score[arm.name]] } } }));
    facts.claims = [{ ...facts.claims[0], situation: 'models', differences: [], n: 360, p_signflip: null,
        p_wilcoxon: null, effect_size: null, interval: [0.0056, 0.0389], estimate: 0.0222, p_corrected: 0.021,
        sentence: 'This model full is better than this model linear: accuracy is higher by 0.0222.' }];
    facts.models = { examples: 360, kind: 'scores',
        arms: Object.entries(score).map(([name, value]) => ({ name, score: value })),
        pairs: [{ a: 'full', b: 'linear', only_a: 12, only_b: 4, p_mcnemar: 0.0768, chi2: 3.06, auc_a: 0.998,
            auc_b: 0.991, p_delong: 0.0041, bootstrap: { estimate: 0.0222, interval: [0.0056, 0.0389] } }] };
    return facts;
}

export const FIXTURES = { study, hostile, failing, incomplete, alone, table, crowded, sequential, models };

/* ---- Tables of results, whose facts are the program's own (rigor compare) */

const METHODS = { base: 0, wide: 0.004, ours: 0.02, big: 0.015, tuned: -0.03 };

/* method, data set, seed: as many rows as are asked for; `scale` makes scores of some sets larger. */
function rows(sets, seeds, head, cell) {
    const random = generator(11);
    const lines = [head];
    for (let set = 0; set < sets; set++)
        for (const [name, gain] of Object.entries(METHODS))
            for (let seed = 0; seed < seeds; seed++)
                lines.push(cell(name, set, seed, 0.6 + 0.03 * set + gain
                    + (random() + random() + random() - 1.5) * 0.02));
    return `${lines.join('\n')}\n`;
}

export const TABLES = {
    'many-sets': { text: rows(12, 5, 'method,dataset,seed,accuracy', (name, set, seed, value) =>
        `${name},set-${set},${seed},${value.toFixed(5)}`) },
    'few-sets': { text: rows(3, 6, 'method,dataset,seed,loss', (name, set, seed, value) =>
        `${name},set-${set},${seed},${(value * 100 ** set).toFixed(5)}`) },
    failures: { text: rows(2, 6, 'method,dataset,seed,accuracy', (name, set, seed, value) =>
        `${name},set-${set},${seed},${name === 'big' && set && seed > 3 ? '' : value.toFixed(5)}`) },
    unpaired: { text: rows(1, 7, 'method,accuracy', (name, set, seed, value) => `${name},${value.toFixed(5)}`) },
    folds: { text: rows(1, 10, 'method,fold,accuracy', (name, set, seed, value) =>
        `${name},${seed},${value.toFixed(5)}`) },
};

if (process.argv[1] === new URL(import.meta.url).pathname)
    console.log(`{${Object.entries(study()).map(([k, v]) =>
        `${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(',\n')}}`);
