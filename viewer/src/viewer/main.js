// view.html: the scene of one run. Puts the parts together and answers keys, clicks and dropped files.

import { Vector3 } from 'three';
import { byId, isTyping } from '../shared/dom.js';
import { Outline } from './appearance.js';
import { Cutaway } from './cutaway.js';
import { Labels } from './labels.js';
import { cloudLayer, openingMarks, pathLayer, shapesLayer } from './layers.js';
import { ElementList } from './list.js';
import { Measure } from './measure.js';
import { outlineOf, parseGlb, readModel } from './model.js';
import { Panel } from './panel.js';
import { Picker } from './picking.js';
import { embeddedRun } from './run.js';
import { attachScaleBar } from './scalebar.js';
import { Stage } from './stage.js';

/** Switches: name, key, what is on at the beginning. */
const TOGGLES = [
  ['labels', 'l', true], ['cutaway', 'w', true], ['cloud', 'c', false], ['path', 'p', false],
  ['shapes', 'x', false], ['ceiling', 'k', false], ['top', 't', false], ['measure', 'm', false], ['list', 'e', true],
];

class Viewer {
  constructor() {
    this.stage = new Stage(byId('canvas'));
    this.picker = new Picker(this.stage);
    this.cutaway = new Cutaway(this.stage);
    this.labels = new Labels(this.stage, this.picker, byId('labels'));
    this.outline = new Outline(this.stage);
    this.panel = new Panel(byId('panel'), (id) => this.select(id, true));
    this.list = new ElementList(byId('elements'), byId('search'), (id) => this.select(id, true));
    this.measure = new Measure(this.stage, this.picker, byId('tools'), (text) => this.say(text));
    this.layers = {};
    this.state = Object.fromEntries(TOGGLES.map(([name, , isOn]) => [name, isOn]));
    attachScaleBar(this.stage, byId('scale'));
    this.picker.onClick((event) => this.click(event));
    this.listen();
    this.applyTheme();
  }

  /** Shows a GLB, with what the run says about it when it is the run's own. */
  async show(buffer, name, run = null) {
    const model = readModel(await parseGlb(buffer));
    if (model.elements.length === 0) throw new Error('the file holds no mesh to show');
    this.clearModel();
    this.model = model;
    this.stage.scene.add(model.root);
    this.layers = {
      cloud: run?.cloud ? cloudLayer(run.cloud) : null,
      path: run?.path?.length ? pathLayer(run.path) : null,
      shapes: model.colliders.boxes.length ? shapesLayer(model.colliders) : null,
      top: openingMarks(model),
    };
    for (const layer of Object.values(this.layers)) if (layer) this.stage.scene.add(layer);
    for (const part of [this.picker, this.cutaway, this.labels, this.list]) part.setModel(model);
    this.panel.setModel(model, name, run ?? {});
    byId('title').textContent = name;
    document.title = `${name} – Roomwright`;
    byId('back').hidden = run !== null || !this.run;
    byId('welcome').hidden = true;
    this.stage.setContent(model.bounds, outlineOf(model.elements));
    this.measure.clear();
    this.select(null);
    this.applyAll();
    this.say(model.colliders.others > 0 ? `${model.colliders.others} physics shapes are no boxes and are not drawn.` : '');
  }

  clearModel() {
    if (!this.model) return;
    this.outline.show(null);
    for (const root of [this.model.root, ...Object.values(this.layers)]) {
      root?.removeFromParent();
      root?.traverse((node) => {
        node.geometry?.dispose();
        for (const material of [node.material ?? []].flat()) material.dispose();
      });
    }
  }

  /** Selects an element, or nothing; `isFramed` moves the camera when it is out of the picture. */
  select(id, isFramed = false) {
    const element = id === null ? null : (this.model?.byId.get(id) ?? null);
    this.selected = element;
    this.outline.show(element);
    this.labels.select(element);
    this.list.show(element);
    this.panel.show(element);
    if (element && isFramed && !this.isInPicture(element)) this.frame();
  }

  isInPicture(element) {
    const pixel = this.stage.project(element.center);
    return Boolean(pixel) && pixel.x > 0 && pixel.y > 0 && pixel.x < this.stage.width && pixel.y < this.stage.height;
  }

  click(event) {
    if (!this.model) return;
    if (this.state.measure) this.measure.click(event);
    else this.select(this.picker.element(event)?.id ?? null);
  }

  toggle(name) {
    if (byId(`toggle-${name}`).disabled) return;
    this.state[name] = !this.state[name];
    this.apply(name);
  }

  applyAll() {
    for (const name of ['cloud', 'path', 'shapes']) byId(`toggle-${name}`).disabled = !this.layers[name];
    byId('toggle-ceiling').disabled = this.model.ceilings.length === 0;
    for (const [name] of TOGGLES) this.apply(name);
  }

  apply(name) {
    const isOn = this.state[name];
    byId(`toggle-${name}`).setAttribute('aria-pressed', String(isOn));
    if (this.layers[name]) this.layers[name].visible = isOn;
    if (name === 'ceiling') this.model?.ceilings.forEach((mesh) => (mesh.visible = isOn));
    else if (name === 'labels') this.labels.setOn(isOn);
    else if (name === 'cutaway') this.cutaway.setOn(isOn);
    else if (name === 'top') this.stage.setTop(isOn);
    else if (name === 'measure') this.measure.setOn(isOn);
    else if (name === 'list') document.body.classList.toggle('without-list', !isOn);
    this.stage.requestDrawing();
  }

  frame() {
    this.stage.frame(outlineOf(this.selected ? [this.selected] : this.model.elements));
  }

  applyTheme() {
    const style = getComputedStyle(document.documentElement);
    this.stage.setColors(style.getPropertyValue('--view').trim(), style.getPropertyValue('--muted').trim());
    this.outline.setColor(style.getPropertyValue('--accent').trim());
  }

  switchTheme() {
    const isDark = getComputedStyle(document.documentElement).colorScheme === 'dark' ||
      (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.dataset.theme = isDark ? 'light' : 'dark';
    this.applyTheme();
  }

  say(text) {
    byId('status').textContent = text;
  }

  fail(text) {
    byId('error').textContent = text;
    byId('error').hidden = text === '';
  }

  async open(file) {
    this.fail('');
    try {
      await this.show(await file.arrayBuffer(), file.name);
    } catch (error) {
      this.fail(`${file.name} cannot be shown: ${error.message}. Wanted is a GLB that needs no other file.`);
    }
  }

  async back() {
    this.fail('');
    await this.show(this.run.glb, this.run.name, this.run);
  }

  listen() {
    for (const [name] of TOGGLES) byId(`toggle-${name}`).addEventListener('click', () => this.toggle(name));
    byId('frame').addEventListener('click', () => this.model && this.frame());
    byId('theme').addEventListener('click', () => this.switchTheme());
    byId('help').addEventListener('click', () => byId('keys').showModal());
    byId('back').addEventListener('click', () => this.back());
    byId('file').addEventListener('change', (event) => {
      const [file] = event.target.files;
      event.target.value = '';
      if (file) this.open(file);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.applyTheme());
    document.addEventListener('keydown', (event) => this.key(event));
    this.listenToDrops();
  }

  listenToDrops() {
    const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
    const mark = (isOver) => document.body.classList.toggle('dropping', isOver);
    window.addEventListener('dragover', (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      mark(true);
    });
    window.addEventListener('dragleave', (event) => event.relatedTarget === null && mark(false));
    window.addEventListener('drop', (event) => {
      mark(false);
      if (!hasFile(event)) return;
      event.preventDefault();
      this.open(event.dataTransfer.files[0]);
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId('keys').open) return;
    if (isTyping(event)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const key = event.key.toLowerCase();
    const toggle = TOGGLES.find(([, its]) => its === key);
    if (key === '?' || key === 'h') byId('keys').showModal();
    else if (key === 'd') this.switchTheme();
    else if (!this.model) return;
    else if (toggle) this.toggle(toggle[0]);
    else if (key === 'f') this.frame();
    else if (key === '/') byId('search').focus();
    else if (key === 'escape') this.escape();
    else return;
    event.preventDefault();
  }

  escape() {
    if (this.state.measure) this.toggle('measure');
    else this.select(null);
  }
}

/** What other scripts of the page (and the tests) may ask. Points are in the run's frame, Z up, metres. */
function publicFace(viewer) {
  const toView = ([x, y, z]) => new Vector3(x, z, -y);
  const toPage = (pixel) => {
    const frame = viewer.stage.canvas.getBoundingClientRect();
    return pixel && { x: pixel.x + frame.left, y: pixel.y + frame.top };
  };
  return {
    elements: () => viewer.model.elements.map(({ id, kind, className, size }) => ({ id, kind, class: className, size })),
    selected: () => viewer.selected?.id ?? null,
    select: (id) => viewer.select(id),
    state: () => ({ ...viewer.state }),
    isVisible: (name) => Boolean(viewer.layers[name]?.visible),
    fadeOf: (id) => viewer.model.byId.get(id).fade ?? 1,
    measurement: () => viewer.measure.result(),
    /** Pixel of the page at which a point of the run's frame is drawn. */
    pixelOf: (point) => toPage(viewer.stage.project(toView(point))),
    pixelOfCenter: (id) => toPage(viewer.stage.project(viewer.model.byId.get(id).center)),
  };
}

async function start() {
  const viewer = new Viewer();
  viewer.run = embeddedRun();
  if (viewer.run) await viewer.back();
  else byId('welcome').hidden = false;
  viewer.stage.draw();
  return publicFace(viewer);
}

window.roomwright = start();
window.roomwright.catch((error) => {
  byId('error').textContent = `The scene cannot be shown: ${error.message}`;
  byId('error').hidden = false;
});
