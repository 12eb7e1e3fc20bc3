// view.html in a real browser: what it shows, selects, switches, measures and opens.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ask, drawn, fixtures, launch, shoot, watchedPage } from './browser.mjs';
import { assertLooksLike, difference } from './pictures.mjs';
import { plainGlb } from './plain_glb.mjs';

/** Two pixels of the picture, metres: how exactly a click can hit a point. */
const CLICK_M = 0.03;
/** Share of the pixels that must change when a layer is switched. */
const VISIBLE_SHARE = 0.001;
/** Everything that is no drawing: text differs between machines. */
const ONLY_DRAWING = `#labels, #tools, #status, #scale, header, nav, aside { display: none !important }
  main { grid-template-columns: 100% !important; grid-template-rows: 100% !important }`;

const address = (name) => pathToFileURL(join(fixtures, name)).href;
const read = (name) => readFileSync(join(fixtures, name));
const scene = JSON.parse(read('run/scene.json'));
const report = JSON.parse(read('run/report.json'));
const other = JSON.parse(read('other/scene.json'));

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** Opens a page for one test and checks that it was silent and asked the network for nothing. */
async function withPage(name, test, options = {}) {
  const { page, context, problems, requests } = await watchedPage(browser, address(name), options);
  try {
    await test(page);
    assert.deepEqual(problems, [], 'console errors');
    assert.deepEqual(requests, [], 'requests');
  } finally {
    await context.close();
  }
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const canvas = async (page) => {
  await drawn(page);
  return page.locator('#canvas').screenshot();
};
const clickAt = (page, at) => page.mouse.click(at.x, at.y);

/** Drops bytes as a file on the page. */
async function drop(page, name, bytes) {
  const transfer = await page.evaluateHandle(([fileName, base64]) => {
    const data = new DataTransfer();
    const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    data.items.add(new File([content], fileName, { type: 'model/gltf-binary' }));
    return data;
  }, [name, bytes.toString('base64')]);
  await page.dispatchEvent('#view', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('#view', 'drop', { dataTransfer: transfer });
}

describe('view.html', () => {
  it('opens from disk and shows every element of the scene', () => withPage('run/view.html', async (page) => {
    const elements = await ask(page, 'elements');
    const count = (kind) => elements.filter((element) => element.kind === kind).length;
    assert.equal(count('wall'), scene.walls.length);
    assert.equal(count('object'), scene.objects.length);
    assert.equal(count('room'), scene.rooms.length);
    assert.equal(count('door') + count('window'), scene.openings.length);
    for (const object of scene.objects) {
      const shown = elements.find(({ id }) => id === object.id);
      assert.equal(shown.class, object.class);
      assert.deepEqual(shown.size, object.size);
    }
    assert.equal(await page.locator('#elements li').count(), elements.length, 'the list has them all');
    await page.setViewportSize({ width: 1200, height: 760 });
    await shoot(page, 'viewer');
  }));

  it('tells of the run: quality, warnings, findings', () => withPage('run/view.html', async (page) => {
    const text = await page.locator('#panel').innerText();
    for (const [name, value] of Object.entries(report.quality.parts)) {
      assert.match(text, new RegExp(`${name}\\s+${value.toFixed(2)}`));
    }
    for (const { code, message } of [...report.warnings, ...scene.findings]) {
      assert.ok(text.includes(code) && text.includes(message), `${code} is told`);
    }
    assert.ok(scene.findings.length > 0 && report.warnings.length > 0, 'the fixture has both');
  }));

  it('selects what is clicked in the top view', () => withPage('run/view.html', async (page) => {
    await page.keyboard.press('t');
    await page.keyboard.press('l');
    await drawn(page);
    const top = (object) => object.center[2] + 0.5 * object.size[2];
    const reach = (object) => 0.5 * Math.hypot(object.size[0], object.size[1]);
    const isOnTop = (object) => scene.objects.every((it) => it === object || top(it) < top(object) ||
      Math.hypot(it.center[0] - object.center[0], it.center[1] - object.center[1]) > reach(it));
    const clickable = scene.objects.filter((object) => isOnTop(object) && Math.min(object.size[0], object.size[1]) > 0.1);
    assert.ok(clickable.length >= 3, `${clickable.length} objects lie open`);
    for (const object of clickable) {
      await clickAt(page, await ask(page, 'pixelOf', object.center));
      assert.equal(await ask(page, 'selected'), object.id);
    }
    for (const wall of scene.walls) {
      const middle = [0, 1].map((axis) => 0.5 * (wall.a[axis] + wall.b[axis]));
      await clickAt(page, await ask(page, 'pixelOf', [...middle, wall.height]));
      assert.equal(await ask(page, 'selected'), wall.id);
    }
  }));

  it('selects in perspective, and the panel says what is known', () => withPage('run/view.html', async (page) => {
    const largest = scene.objects.toSorted((a, b) => b.size[0] * b.size[1] - a.size[0] * a.size[1])[0];
    await page.keyboard.press('l');
    await clickAt(page, await ask(page, 'pixelOfCenter', largest.id));
    assert.equal(await ask(page, 'selected'), largest.id);
    const text = await page.locator('#panel').innerText();
    assert.ok(text.includes(largest.id));
    assert.ok(text.includes(largest.size.map((edge) => edge.toFixed(2)).join(' × ')), text);
    assert.ok(text.includes(largest.evidence.confidence.toFixed(2)), text);
    await page.keyboard.press('Escape');
    assert.equal(await ask(page, 'selected'), null);
  }));

  it('selects from the list, and tells the findings of an element', () => withPage('run/view.html', async (page) => {
    const finding = scene.findings.find(({ elements }) => elements.length > 0);
    const [id] = finding.elements;
    await page.getByRole('searchbox').fill(id);
    await page.locator('#elements button:visible').first().click();
    assert.equal(await ask(page, 'selected'), id);
    assert.ok((await page.locator('#panel').innerText()).includes(finding.message));
    await shoot(page, 'viewer-finding');
  }));

  it('switches layers by button and by key', () => withPage('run/view.html', async (page) => {
    await page.addStyleTag({ content: '#labels, #status { display: none !important }' });
    for (const [name, key, label] of [['cloud', 'c', 'Cloud'], ['path', 'p', 'Path'], ['shapes', 'x', 'Physics'], ['ceiling', 'k', 'Ceiling'], ['cutaway', 'w', 'Cutaway']]) {
      const before = (await ask(page, 'state'))[name];
      const off = await canvas(page);
      await button(page, label).click();
      assert.equal((await ask(page, 'state'))[name], !before, name);
      assert.equal(await button(page, label).getAttribute('aria-pressed'), String(!before));
      assert.ok(difference(off, await canvas(page)) > VISIBLE_SHARE, `${name} is seen`);
      await page.keyboard.press(key);
      assert.equal((await ask(page, 'state'))[name], before, `${key} takes ${name} back`);
      assert.equal(difference(off, await canvas(page)), 0, `${name} leaves nothing behind`);
    }
  }));

  it('shows labels that do not overlap', () => withPage('run/view.html', async (page) => {
    await drawn(page);
    const boxes = async () => page.locator('#labels .label:visible').evaluateAll((labels) =>
      labels.map((label) => label.getBoundingClientRect()).map(({ left, right, top, bottom }) => ({ left, right, top, bottom })));
    const shown = await boxes();
    assert.ok(shown.length > 3, `${shown.length} labels`);
    for (const [i, a] of shown.entries()) {
      for (const b of shown.slice(i + 1)) {
        assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, 'two labels overlap');
      }
    }
    await button(page, 'Labels').click();
    await drawn(page);
    assert.equal((await boxes()).length, 0);
  }));

  it('fades walls between the camera and the rooms only', () => withPage('run/view.html', async (page) => {
    await drawn(page);
    const fades = async () => Promise.all(scene.walls.map(({ id }) => ask(page, 'fadeOf', id)));
    const first = await fades();
    assert.ok(first.some((fade) => fade < 0.5) && first.some((fade) => fade === 1), `${first}`);
    await button(page, 'Cutaway').click();
    await drawn(page);
    assert.ok((await fades()).every((fade) => fade === 1));
  }));

  it('measures a wall', () => withPage('run/view.html', async (page) => {
    await page.keyboard.press('l');
    await drawn(page);
    const measured = await measurableWall(page);
    assert.ok(measured, 'a wall stands open to the camera');
    const { wall, low, high, side } = measured;
    await button(page, 'Measure').click();
    for (const point of [low, high]) await clickAt(page, await ask(page, 'pixelOf', point));
    const vertical = await ask(page, 'measurement');
    assert.ok(Math.abs(vertical.distance_m - (high[2] - low[2])) < CLICK_M, `${wall.id}: ${JSON.stringify(vertical)}`);
    for (const point of [low, side]) await clickAt(page, await ask(page, 'pixelOf', point));
    const horizontal = await ask(page, 'measurement');
    const expected = Math.hypot(side[0] - low[0], side[1] - low[1]);
    assert.ok(Math.abs(horizontal.distance_m - expected) < CLICK_M, `${wall.id}: ${JSON.stringify(horizontal)}`);
    assert.match(await page.getByRole('status').innerText(), /Distance \d+\.\d\d m/);
    await shoot(page, 'viewer-measure');
  }));

  it('draws the top view to scale, with room areas and the run\'s y upwards', () => withPage('run/view.html', async (page) => {
    await page.keyboard.press('t');
    await drawn(page);
    const [origin, east, north] = await Promise.all([[0, 0, 0], [1, 0, 0], [0, 1, 0]].map((point) => ask(page, 'pixelOf', point)));
    const perMetre = east.x - origin.x;
    assert.ok(perMetre > 10 && Math.abs(east.y - origin.y) < 0.01);
    assert.ok(Math.abs(origin.y - north.y - perMetre) < 0.01, 'y is up, and as long as x');
    const bar = page.getByLabel('Scale bar');
    const metres = Number.parseFloat(await bar.innerText());
    const { width } = await bar.evaluate((node) => ({ width: Number.parseFloat(node.style.width) }));
    assert.ok(Math.abs(width / metres - perMetre) < 0.2, `${width} px for ${metres} m at ${perMetre} px/m`);
    const labels = await page.locator('#labels .room:visible').allInnerTexts();
    for (const room of scene.rooms) assert.ok(labels.some((label) => label.includes(`${room.area_m2.toFixed(1)} m²`)), `${labels}`);
    await shoot(page, 'viewer-top');
  }));

  it('opens a dropped GLB and comes back', () => withPage('run/view.html', async (page) => {
    await drop(page, 'other.glb', read('other/scene.glb'));
    await page.getByRole('heading', { name: 'other.glb', level: 1 }).waitFor();
    const elements = await ask(page, 'elements');
    assert.equal(elements.filter(({ kind }) => kind === 'wall').length, other.walls.length);
    assert.equal(elements.filter(({ kind }) => kind === 'object').length, other.objects.length);
    assert.ok(await button(page, 'Cloud').isDisabled(), 'the cloud belongs to the run');
    await shoot(page, 'viewer-dropped');
    await button(page, 'Back to the run').click();
    await page.waitForFunction((count) => document.querySelectorAll('#elements li').length === count,
      scene.walls.length + scene.objects.length + scene.openings.length + scene.rooms.length);
  }));

  it('opens a GLB of another program, and says why a file cannot be shown', () => withPage('run/view.html', async (page) => {
    await drop(page, 'plain.glb', plainGlb(['left', 'right']));
    await page.getByRole('heading', { name: 'plain.glb', level: 1 }).waitFor();
    assert.deepEqual((await ask(page, 'elements')).map(({ id, size }) => [id, size]), [['left', [1, 1, 1]], ['right', [1, 1, 1]]]);
    await drop(page, 'broken.glb', Buffer.from('no glTF at all'));
    const alert = page.getByRole('alert');
    await alert.filter({ hasText: 'broken.glb cannot be shown' }).waitFor();
    assert.equal((await ask(page, 'elements')).length, 2, 'what was there stays');
  }));

  it('takes hostile names as text', () => withPage('hostile/view.html', async (page) => {
    const hostile = JSON.parse(read('hostile/scene.json'));
    assert.ok(hostile.provenance.input.includes('</script>') && hostile.findings[0].message.includes('<img'));
    assert.equal(await page.evaluate(() => window.wasRun), undefined);
    assert.equal(await page.locator('#title').innerText(), hostile.provenance.input);
    assert.ok((await page.locator('#panel').innerText()).includes(hostile.findings[0].message));
    assert.equal(await page.locator('#panel img').count(), 0);
  }));

  it('names every control', () => withPage('run/view.html', async (page) => {
    const nameless = await page.locator('button, input, canvas, dialog').evaluateAll((controls) => controls
      .filter((control) => !(control.textContent.trim() || control.getAttribute('aria-label') ||
        control.getAttribute('aria-labelledby') || control.closest('label')?.textContent.trim()))
      .map((control) => control.outerHTML));
    assert.deepEqual(nameless, []);
    await page.keyboard.press('?');
    assert.ok(await page.getByRole('dialog', { name: 'Keys and mouse' }).isVisible());
  }));

  for (const [name, keys, options] of [
    ['perspective', '', {}], ['top', 't', {}], ['layers', 'cpx', {}], ['dark', '', { colorScheme: 'dark' }],
  ]) {
    it(`looks as before: ${name}`, () => withPage('run/view.html', async (page) => {
      await page.addStyleTag({ content: ONLY_DRAWING });
      await drawn(page);
      for (const key of `f${keys}`) await page.keyboard.press(key);
      assertLooksLike(await canvas(page), `viewer-${name}`);
      await shoot(page, `reference-${name}`);
    }, { viewport: { width: 600, height: 380 }, ...options }));
  }
});

/**
 * A wall whose face towards its room can be clicked: three points on it, the second above the first, the
 * third a metre beside it. Faces that something stands before are not taken.
 */
async function measurableWall(page) {
  for (const wall of scene.walls) {
    const length = Math.hypot(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
    if (length < 2 || (await ask(page, 'fadeOf', wall.id)) < 1) continue;
    const along = [0, 1].map((axis) => (wall.b[axis] - wall.a[axis]) / length);
    for (const sign of [1, -1]) {
      for (const share of [0.3, 0.5, 0.7]) {
        const at = (u, z) => [0, 1].map((axis) => wall.a[axis] + along[axis] * u +
          sign * 0.5 * wall.thickness * (axis === 0 ? -along[1] : along[0])).concat(z);
        const u = share * (length - 1);
        const [low, high, side] = [at(u, 0.5 * wall.height), at(u, 0.85 * wall.height), at(u + 1, 0.5 * wall.height)];
        let isOpen = true;
        for (const point of [low, high, side]) {
          await clickAt(page, await ask(page, 'pixelOf', point));
          isOpen &&= (await ask(page, 'selected')) === wall.id;
        }
        await page.keyboard.press('Escape');
        if (isOpen) return { wall, low, high, side };
      }
    }
  }
  return null;
}
