// The panel: the run as a whole, or the selected element.

import { h } from '../shared/dom.js';
import { counted, metres, percent, plain } from '../shared/words.js';
import { titleOf } from './model.js';

const SOURCES = {
  detected: 'seen: proposed by the layout detector',
  inferred: 'inferred: closes a room, nothing was seen there',
  given: 'given with the input',
};
const KINDS = ['room', 'wall', 'door', 'window', 'object'];
/** What the three numbers of a size are, by kind. */
const SIZE_NAMES = {
  wall: 'length × thickness × height', door: 'width × depth × height', window: 'width × depth × height',
  room: 'bounds: length × width × height', object: 'length × width × height',
};

export class Panel {
  /** `select(id)` is called when a name in the panel is clicked. */
  constructor(root, select) {
    this.root = root;
    this.select = select;
  }

  /** What is known beside the GLB: scene.json, parts of report.json, the cloud; each may be missing. */
  setModel(model, name, { scene, report, cloud }) {
    Object.assign(this, { model, name, scene, report, cloud });
    this.show(null);
  }

  show(element) {
    this.root.replaceChildren(...(element ? this.elementView(element) : this.summaryView()).filter(Boolean));
    this.root.scrollTop = 0;
  }

  summaryView() {
    const { model, scene, report, cloud } = this;
    const counts = KINDS.map((kind) => [kind, model.elements.filter((element) => element.kind === kind).length]);
    const findings = scene?.findings ?? [];
    return [
      h('h2', {}, this.name),
      h('p', { class: 'muted' }, counts.filter(([, count]) => count > 0).map(([kind, count]) => counted(count, kind)).join(', ')),
      report?.quality && this.qualityView(report.quality),
      report?.scale && table([
        ['Scale', `${plain(report.scale.source)}, ± ${(100 * report.scale.sigma).toFixed(1)} %`],
        ['Up direction', report.gravity && `± ${((180 / Math.PI) * report.gravity.sigma_rad).toFixed(2)}°`],
      ]),
      this.warningsView(report?.warnings ?? []),
      scene && this.findingsView(findings, 'Findings'),
      table([
        ['Cloud', cloud && `${cloud.count.toLocaleString('en')} of ${cloud.total.toLocaleString('en')} points are shown`],
        ['Input', model.provenance?.input],
        ['Layout from', model.provenance?.detector],
        ['Written by', model.provenance?.generator || model.generator],
      ]),
    ];
  }

  qualityView({ score, parts }) {
    const rows = [['all', score], ...Object.entries(parts)];
    return h('section', {}, h('h3', {}, 'Quality'), h('table', { class: 'facts' }, rows.map(([name, value]) =>
      h('tr', {}, h('th', { scope: 'row' }, plain(name)), h('td', {}, meter(name, value))))));
  }

  warningsView(warnings) {
    if (warnings.length === 0) return null;
    return h('section', {}, h('h3', {}, 'Warnings'), h('ul', { class: 'notes' }, warnings.map(({ code, message }) =>
      h('li', {}, h('strong', {}, code), ' ', message))));
  }

  findingsView(findings, title) {
    if (findings.length === 0) return h('p', { class: 'muted' }, 'No findings.');
    return h('section', {}, h('h3', {}, title), h('ul', { class: 'notes' }, findings.map((finding) =>
      h('li', { class: finding.unresolved ? 'unresolved' : null },
        h('strong', {}, finding.code), finding.unresolved ? ' (unresolved) ' : ' ', finding.message, ' ',
        this.links(finding.elements)))));
  }

  elementView(element) {
    const { extras } = element;
    const findings = (this.scene?.findings ?? []).filter((finding) => finding.elements.includes(element.id));
    return [
      h('div', { class: 'row' }, h('h2', {}, titleOf(element)),
        h('button', { type: 'button', 'aria-label': 'Close: back to the summary', on: { click: () => this.select(null) } }, '×')),
      h('p', { class: 'muted' }, element.id),
      table([
        ['Class', plain(element.className)],
        ['Size', `${element.size.map((edge) => edge.toFixed(2)).join(' × ')} m`, SIZE_NAMES[element.kind]],
        ['Floor area', Number.isFinite(extras.area_m2) ? `${extras.area_m2.toFixed(2)} m²` : null],
        ['Confidence', Number.isFinite(extras.confidence) ? meter('confidence', extras.confidence) : null],
        ['Position', Number.isFinite(extras.sigma_m) ? `± ${metres(extras.sigma_m)} (1 sigma)` : null],
        ['Observed', Number.isFinite(extras.observed_fraction) ? `${percent(extras.observed_fraction)} of its surface` : null],
        ['Provenance', extras.source ? (SOURCES[extras.source] ?? String(extras.source)) : null],
        ['Part of', extras.parent && extras.parent !== 'scene' ? this.links([extras.parent]) : null],
        ['Rooms', Array.isArray(extras.rooms) && extras.rooms.length ? this.links(extras.rooms) : null],
        ['Stands on', this.supportView(extras.support)],
        ['Mass', Number.isFinite(extras.mass_kg) ? `${extras.mass_kg.toFixed(1)} kg, ${extras.mobility ?? ''}` : null],
        ['Holds', this.childrenView(element)],
      ]),
      this.scene && this.findingsView(findings, 'Findings'),
      this.relationsView(element),
    ];
  }

  supportView(support) {
    if (!support) return null;
    return support.id ? [`${support.on}: `, this.links([support.id])] : String(support.on);
  }

  childrenView(element) {
    const children = this.model.elements.filter((other) => other.extras.parent === element.id && other !== element);
    return children.length ? this.links(children.map((child) => child.id)) : null;
  }

  relationsView(element) {
    const relations = (this.scene?.relations ?? []).filter(({ subject, object }) => subject === element.id || object === element.id);
    if (relations.length === 0) return null;
    return h('section', {}, h('h3', {}, 'Relations'), h('ul', { class: 'notes' }, relations.map(({ kind, subject, object }) =>
      h('li', {}, this.links([subject]), ` ${plain(kind)} `, this.links([object])))));
  }

  /** Names that select what they name, where it is there. */
  links(ids) {
    return ids.flatMap((id, i) => [
      i > 0 ? ', ' : null,
      this.model.byId.has(id)
        ? h('button', { type: 'button', class: 'link', on: { click: () => this.select(id) } }, id)
        : String(id),
    ]);
  }
}

/** Rows of name and value; rows without a value are left out. */
function table(rows) {
  const filled = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  if (filled.length === 0) return null;
  return h('table', { class: 'facts' }, filled.map(([name, value, note]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value, note ? h('div', { class: 'muted small' }, note) : null))));
}

/** A share as a bar with its number. */
function meter(name, share) {
  const width = `width: ${(100 * Math.min(Math.max(share, 0), 1)).toFixed(1)}%`;
  return [h('span', { class: 'bar', role: 'img', 'aria-label': `${plain(name)} ${percent(share)}` }, h('i', { style: width })), ` ${share.toFixed(2)}`];
}
