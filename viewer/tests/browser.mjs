// A headless Chromium whose pages are watched: console errors, failed scripts, requests.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Software rendering, so that pictures do not depend on a graphics card. */
const FLAGS = [
  '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-first-run', '--disable-quic',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
export const SIZE = { width: 1200, height: 760 };

/** The browser's program: `ROOMWRIGHT_TEST_CHROMIUM`, or Debian's. */
export const executable = process.env.ROOMWRIGHT_TEST_CHROMIUM ?? '/usr/bin/chromium';
/** Folder with the pages that the Rust side made. */
export const fixtures = process.env.ROOMWRIGHT_TEST_PAGES ?? '';
/** Folder for screenshots. */
export const artefacts = process.env.ROOMWRIGHT_TEST_ARTEFACTS ?? '';

export async function launch() {
  if (!existsSync(executable)) throw new Error(`no browser at ${executable}`);
  if (artefacts) mkdirSync(artefacts, { recursive: true });
  return chromium.launch({ executablePath: executable, headless: true, args: [...FLAGS, '--no-sandbox'] });
}

/**
 * A page in a context of its own. `problems` collects console errors and uncaught exceptions, `requests`
 * every address other than the page's own.
 */
export async function watchedPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light', acceptDownloads: true, ...options });
  const page = await context.newPage();
  const problems = [];
  const requests = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    const address = request.url();
    if (address !== url && !address.startsWith('data:') && !address.startsWith('blob:')) requests.push(address);
  });
  await page.goto(url);
  await page.evaluate(() => window.roomwright.then(() => null));
  return { page, context, problems, requests };
}

/** Waits until what was asked for is drawn. */
export const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Calls the page's own interface: `ask(page, 'selected')`. */
export const ask = (page, method, ...parameters) =>
  page.evaluate(async ([name, given]) => (await window.roomwright)[name](...given), [method, parameters]);

/** Keeps a screenshot as an artefact; returns its bytes. */
export async function shoot(page, name, options = {}) {
  await drawn(page);
  return page.screenshot({ path: artefacts ? join(artefacts, `${name}.png`) : undefined, ...options });
}
