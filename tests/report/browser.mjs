// The Chromium that the tests of pages drive; without one they are skipped.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export function findBrowser(build) {
    const executablePath = [process.env.RIGOR_CHROMIUM, '/usr/bin/chromium',
        '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => p && existsSync(p));
    const modules = path.join(build, 'web/node_modules/playwright-core');
    if (!executablePath || !existsSync(modules)) {
        console.log('skipped: there is no Chromium here (set RIGOR_CHROMIUM) or no playwright-core');
        process.exit(77);
    }
    return { chromium: createRequire(import.meta.url)(modules).chromium, executablePath };
}
