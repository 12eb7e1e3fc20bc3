// Names beside things, as HTML over the picture: sharp, in the page's font, never overlapping.
//
// Placed greedily by rank: the selected element, rooms, then objects by how large they look. A label
// that would cover another, or whose element a wall hides, is left out until there is room.

import { h } from '../shared/dom.js';
import { isFaded } from './appearance.js';
import { titleOf } from './model.js';

/** Space between labels, pixels. */
const GAP_PX = 2;
/** Things that look smaller than this have no label, pixels across. */
const SMALL_PX = 14;

export class Labels {
  constructor(stage, picker, layer) {
    Object.assign(this, { stage, picker, layer, isOn: true, labels: [], selected: null });
    stage.afterDrawing.push(() => this.place());
  }

  setModel(model) {
    this.layer.replaceChildren();
    this.walls = model.elements.filter((element) => element.kind === 'wall');
    this.ceilings = model.ceilings;
    this.labels = model.elements.map((element) => {
      const node = h('span', { class: `label ${element.kind}`, hidden: true }, titleOf(element));
      const area = element.extras.area_m2;
      if (element.kind === 'room' && Number.isFinite(area)) node.append(h('small', {}, ` ${area.toFixed(1)} m²`));
      this.layer.append(node);
      return { element, node, size: null, at: anchorOf(element) };
    });
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.stage.requestDrawing();
  }

  select(element) {
    this.selected = element;
    for (const label of this.labels) {
      label.node.classList.toggle('selected', label.element === element);
      label.size = null;
    }
    this.stage.requestDrawing();
  }

  place() {
    const placed = [];
    const blockers = this.blockers();
    const candidates = this.labels
      .filter(({ element }) => element === this.selected || (this.isOn && this.isWanted(element)))
      .map((label) => ({ label, pixel: this.stage.project(label.at) }))
      .map((candidate) => ({ ...candidate, rank: this.rank(candidate) }))
      .sort((a, b) => b.rank - a.rank);
    const shown = new Set();
    for (const { label, pixel, rank } of candidates) {
      if (rank <= 0 || !this.isOnScreen(pixel)) continue;
      label.node.hidden = false;
      label.size ??= { width: label.node.offsetWidth, height: label.node.offsetHeight };
      const box = boxOf(pixel, label.size);
      const isFree = placed.every((other) => areApart(box, other));
      const isVisible = label.element === this.selected || !this.picker.isHidden(label.at, blockers);
      if (!isFree || !isVisible) continue;
      placed.push(box);
      shown.add(label);
      label.node.style.transform = `translate(${box.x.toFixed(1)}px, ${box.y.toFixed(1)}px)`;
    }
    for (const label of this.labels) label.node.hidden = !shown.has(label);
  }

  /** What hides labels: walls that are not faded, and ceilings that are shown. The top view looks over both. */
  blockers() {
    if (this.stage.isTop || !this.walls) return [];
    const walls = this.walls.filter((wall) => !isFaded(wall)).flatMap((wall) => wall.meshes);
    return [...walls, ...this.ceilings.filter((ceiling) => ceiling.visible)];
  }

  /** Walls and openings are plain to see; their names would only be in the way. */
  isWanted(element) {
    return (element.kind === 'room' || element.kind === 'object') && !isFaded(element);
  }

  rank({ label, pixel }) {
    if (!pixel) return 0;
    if (label.element === this.selected) return 2e6;
    if (label.element.kind === 'room') return 1e6;
    const across = label.element.box.max.distanceTo(label.element.box.min);
    const perMetre = this.stage.isTop
      ? 1 / this.stage.metresPerPixel
      : this.stage.height / (2 * Math.tan(Math.PI / 8) * this.stage.camera.position.distanceTo(label.at));
    const pixels = across * perMetre;
    return pixels < SMALL_PX ? 0 : pixels;
  }

  isOnScreen({ x, y }) {
    return x > 0 && y > 0 && x < this.stage.width && y < this.stage.height;
  }
}

/** Where a label stands: on top of a thing, on the floor of a room. */
function anchorOf(element) {
  const at = element.center.clone();
  if (element.kind === 'object') at.y = element.box.max.y + 0.02;
  if (element.kind === 'room') at.y = element.box.min.y + 0.02;
  return at;
}

const boxOf = ({ x, y }, { width, height }) => ({ x: x - 0.5 * width, y: y - 0.5 * height, width, height });

const areApart = (a, b) =>
  a.x + a.width + GAP_PX <= b.x || b.x + b.width + GAP_PX <= a.x ||
  a.y + a.height + GAP_PX <= b.y || b.y + b.height + GAP_PX <= a.y;
