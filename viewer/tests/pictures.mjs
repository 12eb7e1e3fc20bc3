// Screenshots against stored references, tolerant of what differs between machines.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { artefacts } from './browser.mjs';

/** Colour distance (YIQ, 0..1) up to which two pixels are the same: other antialiasing and drivers. */
const SAME_COLOR = 0.2;
/** Share of the pixels that may differ: edges that fall one pixel aside. */
const MAX_SHARE = 0.02;
const references = join(dirname(fileURLToPath(import.meta.url)), 'references');

/** Share of the pixels in which two pictures of one size differ; the difference is kept as an artefact. */
export function difference(a, b, name) {
  const [one, other] = [PNG.sync.read(a), PNG.sync.read(b)];
  assert.deepEqual([one.width, one.height], [other.width, other.height], `${name}: size of the pictures`);
  const out = new PNG({ width: one.width, height: one.height });
  const count = pixelmatch(one.data, other.data, out.data, one.width, one.height, { threshold: SAME_COLOR });
  if (artefacts && name) writeFileSync(join(artefacts, `${name}-difference.png`), PNG.sync.write(out));
  return count / (one.width * one.height);
}

/** The picture must look like the stored one; `ROOMWRIGHT_TEST_UPDATE=1` stores it instead. */
export function assertLooksLike(picture, name) {
  const path = join(references, `${name}.png`);
  if (process.env.ROOMWRIGHT_TEST_UPDATE === '1') {
    mkdirSync(references, { recursive: true });
    writeFileSync(path, picture);
    return;
  }
  assert.ok(existsSync(path), `there is no reference ${name}.png; look at the screenshot and store it with ROOMWRIGHT_TEST_UPDATE=1`);
  const share = difference(readFileSync(path), picture, name);
  assert.ok(share <= MAX_SHARE, `${name}: ${(100 * share).toFixed(2)} % of the pixels differ from the reference`);
}
