// Bundles the pages: viewer/src → viewer/dist/*.html, which the program embeds.
//
// Each page is one file: its style and script inline, three.js and its licence in it. The digest of the
// sources stands in its head; a test of the Rust side recomputes it, so that a page that was not built
// anew is found without npm. `node build.mjs [FOLDER]`.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const read = (...path) => readFileSync(join(here, ...path), 'utf8');

/** All files below a folder, relative to this one, with `/`. */
function filesBelow(folder) {
  return readdirSync(join(here, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(here, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

/** SHA-256 over `name NUL digest LF` of every source, by name. */
function sourcesDigest() {
  const sha256 = (content) => createHash('sha256').update(content).digest('hex');
  const names = [...filesBelow('src'), 'build.mjs', 'package.json', 'package-lock.json'].sort();
  return sha256(names.map((name) => `${name}\0${sha256(readFileSync(join(here, name)))}\n`).join(''));
}

async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, entry)], bundle: true, minify: true, format: 'iife', target: 'es2022',
    charset: 'utf8', legalComments: 'none', write: false, logLevel: 'warning',
  });
  const text = result.outputFiles[0].text.trim();
  if (/<\/script|<!--/i.test(text)) throw new Error(`${entry}: the script holds text that would end it`);
  return text;
}

async function style(...files) {
  const texts = await Promise.all(files.map((file) => build({
    entryPoints: [join(here, file)], minify: true, charset: 'utf8', write: false, logLevel: 'warning',
  })));
  return texts.map((result) => result.outputFiles[0].text.trim()).join('\n');
}

async function page(name, target, licence) {
  const fill = {
    SOURCES: sourcesDigest(),
    STYLE: await style('src/shared/theme.css', `src/${name}/${name}.css`),
    SCRIPT: await bundle(`src/${name}/main.js`),
  };
  const html = read('src', name, 'index.html').replace(/%(SOURCES|STYLE|SCRIPT)%/g, (_, key) => fill[key]);
  const text = licence ? `${html.trimEnd()}\n<!--\n${licence}\n-->\n` : html;
  writeFileSync(join(target, `${name}.html`), text);
}

const target = process.argv[2] ?? join(here, 'dist');
mkdirSync(target, { recursive: true });
const three = JSON.parse(read('node_modules', 'three', 'package.json'));
const licence = `three.js ${three.version} is part of this page.\n${read('node_modules', 'three', 'LICENSE').trim()}`;
if (licence.includes('--')) throw new Error('the licence text would end its comment');
await page('viewer', target, licence);
await page('gallery', target, null);
