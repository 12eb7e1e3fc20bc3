// gallery.html in a real browser: from disk and served, sorted, filtered, decided with keys.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ask, drawn, fixtures, launch, shoot, watchedPage } from './browser.mjs';
import { assertLooksLike } from './pictures.mjs';

/** Text differs between machines; pictures, bars and boxes must not. */
const WITHOUT_TEXT = '* { color: transparent !important } header { visibility: hidden } select, input { opacity: 0 }';

const disk = pathToFileURL(join(fixtures, 'batch/gallery.html')).href;
const served = process.env.ROOMWRIGHT_TEST_ADDRESS;
const rows = readFileSync(join(fixtures, 'batch/index.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const ids = rows.map(({ id }) => id).sort();
const kept = () => readFileSync(join(fixtures, 'batch/review.jsonl'), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** Opens the gallery for one test; every request must stay with the page's own folder or server. */
async function withGallery(url, test, options = {}) {
  const { page, context, problems, requests } = await watchedPage(browser, url, options);
  try {
    await test(page, context);
    assert.deepEqual(problems, [], 'console errors');
    const own = url.slice(0, url.lastIndexOf('/') + 1);
    assert.deepEqual(requests.filter((request) => !request.startsWith(own)), [], 'requests elsewhere');
  } finally {
    await context.close();
  }
}

const press = async (page, keys) => {
  for (const key of keys) await page.keyboard.press(key);
  await page.evaluate(async () => (await window.roomwright).settled());
};

describe('gallery.html from disk', () => {
  it('shows every item with pictures, score and cause', () => withGallery(disk, async (page) => {
    assert.deepEqual(await ask(page, 'shown'), ids);
    assert.equal(await page.locator('.card').count(), rows.length);
    for (const row of rows) {
      const card = page.locator(`[id="item-${row.id}"]`);
      await card.scrollIntoViewIfNeeded();
      const text = await card.innerText();
      assert.ok(text.includes(row.input));
      if (row.cause) assert.ok(text.includes(row.cause) && text.includes(row.message), text);
      if (row.score !== undefined) assert.ok(text.includes(row.score.toFixed(2)), text);
      for (const image of await card.locator('img').all()) {
        await image.evaluate((node) => node.decode());
        assert.ok(await image.evaluate((node) => node.naturalWidth) > 100);
      }
      assert.equal(await card.locator('img').count(), row.folder ? 2 : 0, row.id);
    }
    await page.evaluate(() => scrollTo(0, 0));
    await shoot(page, 'gallery');
  }));

  it('sorts and filters', () => withGallery(disk, async (page) => {
    const scored = rows.filter(({ score }) => score !== undefined).toSorted((a, b) => a.score - b.score).map(({ id }) => id);
    await page.getByLabel('Sort', { exact: true }).selectOption('score, low first');
    assert.deepEqual((await ask(page, 'shown')).slice(0, scored.length), scored);
    await page.getByLabel('Sort', { exact: true }).selectOption('score, high first');
    assert.deepEqual((await ask(page, 'shown')).slice(0, scored.length), scored.toReversed());
    await page.getByLabel('Status', { exact: true }).selectOption('failed');
    assert.deepEqual((await ask(page, 'shown')).toSorted(), rows.filter(({ status }) => status === 'failed').map(({ id }) => id).sort());
    await page.getByLabel('Status', { exact: true }).selectOption('');
    await page.getByLabel('Finding', { exact: true }).selectOption('wall-inferred');
    const found = await ask(page, 'shown');
    assert.ok(found.length > 0 && found.length < rows.length, `${found}`);
    await page.getByLabel('Finding', { exact: true }).selectOption('');
    await page.getByRole('searchbox').fill(ids[1]);
    assert.deepEqual(await ask(page, 'shown'), [ids[1]]);
    await page.getByRole('searchbox').fill('no such item');
    assert.ok(await page.getByRole('alert').isVisible());
  }));

  it('is decided with keys, undone, and kept over a reload', () => withGallery(disk, async (page) => {
    await press(page, ['a', 'r', 'j', 'a']);
    assert.deepEqual(await ask(page, 'decisions'), { [ids[0]]: 'accept', [ids[1]]: 'reject', [ids[3]]: 'accept' });
    await press(page, ['u']);
    assert.deepEqual(await ask(page, 'decisions'), { [ids[0]]: 'accept', [ids[1]]: 'reject' });
    assert.equal(await ask(page, 'current'), ids[3], 'undo goes where it was');
    await press(page, ['k', 'k']);
    assert.equal(await ask(page, 'current'), ids[1]);
    await page.reload();
    assert.deepEqual(await ask(page, 'decisions'), { [ids[0]]: 'accept', [ids[1]]: 'reject' });
    await page.getByLabel('Decision', { exact: true }).selectOption('open');
    assert.deepEqual(await ask(page, 'shown'), ids.slice(2));
    await page.getByLabel('Decision', { exact: true }).selectOption('');
    await shoot(page, 'gallery-decided');
  }));

  it('offers review.jsonl as a download', () => withGallery(disk, async (page) => {
    await page.evaluate(() => { delete Window.prototype.showSaveFilePicker; delete window.showSaveFilePicker; });
    await press(page, ['r', 'a']);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save review.jsonl' }).click()]);
    assert.equal(download.suggestedFilename(), 'review.jsonl');
    const text = readFileSync(await download.path(), 'utf8');
    assert.equal(text, `{"id":"${ids[0]}","decision":"reject"}\n{"id":"${ids[1]}","decision":"accept"}\n`);
  }));

  it('writes into a file where the browser can', () => withGallery(disk, async (page) => {
    await page.evaluate(() => {
      window.written = [];
      const createWritable = async () => ({ write: async (text) => window.written.push(text), close: async () => {} });
      window.showSaveFilePicker = async () => ({ name: 'mine.jsonl', createWritable });
    });
    await press(page, ['a']);
    await page.getByRole('button', { name: 'Save review.jsonl' }).click();
    await page.getByRole('status').filter({ hasText: 'Saved in mine.jsonl' }).waitFor();
    await press(page, ['r']);
    await page.waitForFunction(() => window.written.length === 2);
    assert.equal(await page.evaluate(() => window.written[1].split('\n').length), 3, 'both decisions');
  }));

  it('looks as before', () => withGallery(disk, async (page) => {
    await page.addStyleTag({ content: WITHOUT_TEXT });
    await page.locator('.card img').first().evaluate((node) => node.decode());
    await drawn(page);
    const card = page.locator('.card').first();
    assertLooksLike(await card.locator('.pictures').screenshot(), 'gallery-pictures');
  }));

  it('names every control', () => withGallery(disk, async (page) => {
    const nameless = await page.locator('button, input, select').evaluateAll((controls) => controls
      .filter((control) => !(control.textContent.trim() || control.labels[0]?.textContent.trim()))
      .map((control) => control.outerHTML));
    assert.deepEqual(nameless, []);
  }));
});

describe('gallery.html served', { skip: served ? false : 'no server was started' }, () => {
  it('keeps decisions in review.jsonl, also over a reload', () => withGallery(served, async (page) => {
    assert.ok(!(await page.getByRole('button', { name: 'Save review.jsonl' }).isVisible()), 'the server saves');
    await press(page, ['a', 'r']);
    await page.getByRole('status').filter({ hasText: 'Saved in review.jsonl' }).waitFor();
    assert.deepEqual(kept(), [{ id: ids[0], decision: 'accept' }, { id: ids[1], decision: 'reject' }]);
    await page.reload();
    assert.deepEqual(await ask(page, 'decisions'), { [ids[0]]: 'accept', [ids[1]]: 'reject' });
    const reject = page.locator(`[id="item-${ids[1]}"]`).getByRole('button', { name: 'Reject' });
    assert.equal(await reject.getAttribute('aria-pressed'), 'true');
    await reject.click();
    await press(page, []);
    assert.deepEqual(kept(), [{ id: ids[0], decision: 'accept' }]);
    await press(page, ['u', 'u']);
    assert.deepEqual(kept(), [{ id: ids[0], decision: 'accept' }, { id: ids[1], decision: 'reject' }], 'undo knows this page only');
  }));

  it('opens an item in 3D', () => withGallery(served, async (page, context) => {
    const withView = rows.find(({ folder }) => folder);
    const [opened] = await Promise.all([context.waitForEvent('page'), page.getByRole('link', { name: withView.id }).click()]);
    // The page that opens has no script yet for a moment.
    await opened.waitForFunction(() => window.roomwright);
    assert.ok((await opened.evaluate(async () => (await window.roomwright).elements())).length > 0);
  }));
});
