// The list of all elements by class; the way to everything for who cannot click into the picture.

import { h } from '../shared/dom.js';
import { plain } from '../shared/words.js';

const ORDER = ['room', 'wall', 'door', 'window'];

export class ElementList {
  /** `select(id)` is called when a row is clicked. */
  constructor(root, search, select) {
    Object.assign(this, { root, search, select, rows: [] });
    search.addEventListener('input', () => this.filter());
  }

  setModel(model) {
    const groups = new Map();
    for (const element of model.elements) {
      const key = element.kind === 'object' ? element.className : element.kind;
      groups.set(key, [...(groups.get(key) ?? []), element]);
    }
    const rank = (key) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
    const keys = [...groups.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    this.rows = [];
    this.groups = keys.map((key) => {
      const rows = groups.get(key).map((element) => this.row(element));
      this.rows.push(...rows);
      const node = h('section', {}, h('h3', {}, `${plain(key)} (${rows.length})`), h('ul', {}, rows.map(({ item }) => item)));
      return { node, rows };
    });
    this.root.replaceChildren(...this.groups.map(({ node }) => node));
    this.search.value = '';
  }

  row(element) {
    const confidence = element.extras.confidence;
    const button = h('button', { type: 'button', class: 'row', on: { click: () => this.select(element.id) } },
      h('span', {}, element.id),
      Number.isFinite(confidence) ? h('span', { class: 'muted', title: 'confidence' }, confidence.toFixed(2)) : null);
    return { element, button, item: h('li', {}, button), text: `${element.id} ${plain(element.className)}`.toLowerCase() };
  }

  filter() {
    const wanted = this.search.value.trim().toLowerCase();
    for (const { node, rows } of this.groups) {
      for (const row of rows) row.item.hidden = !row.text.includes(wanted);
      node.hidden = rows.every((row) => row.item.hidden);
    }
  }

  show(element) {
    for (const row of this.rows) {
      const isSelected = row.element === element;
      row.button.setAttribute('aria-current', isSelected ? 'true' : 'false');
      if (isSelected) row.button.scrollIntoView({ block: 'nearest' });
    }
  }
}
