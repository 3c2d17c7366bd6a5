// Draws the charts and switches the theme.  Everything else of the page stands without it.
(() => {
    'use strict';

    const TEXT = '#57606b';
    const LINE = '#e3e5e8';
    const FONT = getComputedStyle(document.body).fontFamily;
    // Distinguishable for every kind of colour vision, on white and on near-black.
    const PALETTE = ['#3b7dd8', '#e07b1a', '#1a9e77', '#b4519e', '#a68a00', '#5b6b80'];

    // The page's style sheet lays the theme's colours over these, which exported pictures keep.
    function config(width) {
        const narrow = width < 520;
        return {
            font: FONT,
            background: 'transparent',
            padding: 2,
            view: { stroke: null },
            axis: {
                labelFontSize: 12.5, titleFontSize: 12.5, titleFontWeight: 500, titlePadding: 9,
                labelColor: TEXT, titleColor: TEXT, gridColor: LINE, domainColor: LINE,
                tickColor: LINE, labelPadding: 5, labelOverlap: true,
            },
            axisX: { tickCount: narrow ? 4 : 7 },
            axisY: { tickCount: 5 },
            axisYBand: {
                ticks: false, domain: false, grid: true, labelLimit: narrow ? 112 : 230,
                labelOverlap: false,
                bandPosition: 1, labelPadding: 8,
            },
            legend: {
                labelFontSize: 12.5, labelColor: TEXT, labelLimit: narrow ? 88 : 190,
                symbolStrokeWidth: 3, symbolSize: 130, padding: 0, offset: 10,
                columns: narrow ? 2 : 4,
            },
            range: { category: PALETTE },
        };
    }

    async function draw(plot, spec) {
        plot.dataset.state = 'drawing';
        const result = await vegaEmbed(plot, spec, {
            mode: 'vega-lite',
            renderer: 'svg',
            config: config(plot.clientWidth),
            actions: { export: true, source: false, compiled: false, editor: false },
            downloadFileName: plot.closest('figure').id,
            tooltip: { theme: 'custom', disableDefaultStyle: false },
        });
        plot.dataset.state = 'drawn';
        return result;
    }

    const specOf = (plot) => JSON.parse(document.getElementById(plot.dataset.spec).textContent);

    function complain(plot, error) {
        plot.dataset.state = 'failed';
        plot.textContent = `This chart could not be drawn (${error.message}); its data stand below.`;
    }

    // A plot inside closed details has no width yet: it is drawn when they are opened.
    async function drawWaiting() {
        for (const plot of document.querySelectorAll('.plot:not([data-state])')) {
            if (!plot.clientWidth)
                continue;
            try {
                await draw(plot, specOf(plot));
            } catch (error) {
                complain(plot, error);
            }
        }
        document.documentElement.dataset.drawn = 'yes';
    }

    // The source of a chart can be changed and drawn again.
    function openSource(details) {
        const plot = details.closest('figure').querySelector('.plot');
        const area = details.querySelector('textarea');
        const said = details.querySelector('output');
        const [redraw, reset] = details.querySelectorAll('button');
        const show = () => { area.value = JSON.stringify(specOf(plot), null, 2); };
        const again = async () => {
            said.textContent = '';
            try {
                await draw(plot, JSON.parse(area.value));
            } catch (error) {
                said.textContent = error.message;
            }
        };
        show();
        redraw.addEventListener('click', again);
        reset.addEventListener('click', () => { show(); again(); });
    }

    function rememberTheme(theme) {
        try {
            localStorage.setItem('rigor-theme', theme);
        } catch { /* a page from a file may have no storage */ }
    }

    function startTheme() {
        const root = document.documentElement;
        try {
            root.dataset.theme = localStorage.getItem('rigor-theme') || '';
        } catch { /* the system's choice stays */ }
        document.getElementById('theme').addEventListener('click', () => {
            const dark = root.dataset.theme ? root.dataset.theme === 'dark'
                : matchMedia('(prefers-color-scheme: dark)').matches;
            root.dataset.theme = dark ? 'light' : 'dark';
            rememberTheme(root.dataset.theme);
        });
    }

    function startCopy() {
        for (const button of document.querySelectorAll('.copy'))
            button.addEventListener('click', async () => {
                const range = document.createRange();
                range.selectNodeContents(button.previousElementSibling);
                getSelection().removeAllRanges();
                getSelection().addRange(range);
                try {
                    await navigator.clipboard.writeText(range.toString());
                    button.textContent = 'Copied';
                } catch {
                    button.textContent = 'Selected';
                }
            });
    }

    startTheme();
    startCopy();
    document.addEventListener('toggle', (event) => {
        if (!event.target.open)
            return;
        if (event.target.matches('.source') && !event.target.dataset.ready) {
            event.target.dataset.ready = 'yes';
            openSource(event.target);
        }
        drawWaiting();
    }, true);
    drawWaiting();
})();
