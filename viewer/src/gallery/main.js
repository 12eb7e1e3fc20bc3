// gallery.html: the items of a batch, to accept or reject one after the other.

import { byId, embedded, h, isTyping } from '../shared/dom.js';
import { cardOf, markDecision } from './card.js';
import { Decisions, DiskStore, ServerStore } from './decisions.js';
import { codesOf, ordersOf, passes } from './order.js';

/** Version of the embedded data that this page reads. */
const FORMAT = 1;
/** Cards that are made at once; more follow as one scrolls. */
const CHUNK = 100;

class Gallery {
  constructor(data) {
    this.items = data.items;
    this.isServed = location.protocol.startsWith('http');
    this.store = this.isServed ? new ServerStore((...words) => this.say(...words)) : new DiskStore((...words) => this.say(...words));
    this.decisions = new Decisions(this.store, () => this.showDecisions());
    this.orders = ordersOf(this.items, (id) => this.decisions.of(id));
    this.cards = new Map();
    this.shown = [];
    this.current = null;
    this.fillMenus();
    this.listen();
  }

  fillMenus() {
    byId('sort').append(...[...this.orders.keys()].map((name) => h('option', { value: name }, name)));
    byId('code').append(...codesOf(this.items).map((code) => h('option', { value: code }, code)));
    byId('save').hidden = this.isServed;
  }

  /** Sorts and filters anew; the current item stays current when it is still shown. */
  refresh() {
    const filters = {
      text: byId('text').value.trim(), status: byId('status').value, decision: byId('decision').value,
      code: byId('code').value, below: Number(byId('below').value),
    };
    byId('below-value').textContent = filters.below === 1 ? 'any' : filters.below.toFixed(2);
    this.shown = this.items.filter((item) => passes(item, filters, this.decisions.of(item.id)));
    this.shown.sort(this.orders.get(byId('sort').value));
    byId('cards').replaceChildren();
    this.rendered = 0;
    this.renderUpTo(CHUNK);
    this.pick(this.shown.includes(this.current) ? this.current : (this.shown[0] ?? null), false);
    byId('none').hidden = this.shown.length > 0;
    this.count();
  }

  renderUpTo(count) {
    const until = Math.min(count, this.shown.length);
    const cards = this.shown.slice(this.rendered, until).map((item) => this.card(item));
    byId('cards').append(...cards);
    this.rendered = Math.max(this.rendered, until);
  }

  card(item) {
    if (!this.cards.has(item.id)) {
      const card = cardOf(item, { decide: (it, decision) => this.decide(it, decision), pick: (it) => this.pick(it, false) });
      markDecision(card, this.decisions.of(item.id));
      this.cards.set(item.id, card);
    }
    return this.cards.get(item.id);
  }

  pick(item, isScrolled = true) {
    if (this.current) this.cards.get(this.current.id)?.removeAttribute('aria-current');
    this.current = item;
    if (!item) return;
    const index = this.shown.indexOf(item);
    if (index >= this.rendered) this.renderUpTo(index + CHUNK);
    const card = this.card(item);
    card.setAttribute('aria-current', 'true');
    if (isScrolled) {
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: 'nearest' });
    }
  }

  step(by) {
    const index = this.shown.indexOf(this.current);
    const next = this.shown[Math.min(Math.max(index + by, 0), this.shown.length - 1)];
    if (next) this.pick(next);
  }

  /** A second press of the same button takes the decision back. */
  decide(item, decision) {
    this.pick(item, false);
    return this.decisions.set(item.id, this.decisions.of(item.id) === decision ? null : decision);
  }

  async undo() {
    const id = await this.decisions.undo();
    const item = this.shown.find((it) => it.id === id);
    if (item) this.pick(item);
  }

  showDecisions() {
    for (const [id, card] of this.cards) markDecision(card, this.decisions.of(id));
    byId('undo').disabled = this.decisions.past.length === 0;
    this.count();
  }

  count() {
    const count = (decision) => this.items.filter((item) => this.decisions.of(item.id) === decision).length;
    const [accepted, rejected] = [count('accept'), count('reject')];
    byId('counts').textContent =
      `${this.shown.length} of ${this.items.length} shown · ${accepted} accepted · ${rejected} rejected · ` +
      `${this.items.length - accepted - rejected} open`;
  }

  say(text, isBad = false) {
    byId('saved').textContent = text;
    byId('saved').classList.toggle('bad', isBad);
  }

  listen() {
    for (const id of ['sort', 'status', 'decision', 'code', 'below', 'text']) {
      byId(id).addEventListener('input', () => this.refresh());
    }
    byId('save').addEventListener('click', () => this.store.export(this.decisions.byItem));
    byId('undo').addEventListener('click', () => this.undo());
    document.addEventListener('keydown', (event) => this.key(event));
    new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.renderUpTo(this.rendered + CHUNK);
    }, { rootMargin: '1000px' }).observe(byId('end'));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const actions = {
      j: () => this.step(1),
      k: () => this.step(-1),
      a: () => this.decideAndGoOn('accept'),
      r: () => this.decideAndGoOn('reject'),
      u: () => this.undo(),
      '/': () => byId('text').focus(),
      enter: () => this.current?.view && window.open(this.current.view, '_blank', 'noopener'),
    };
    const action = actions[event.key.toLowerCase()];
    if (!action || (event.key === 'Enter' && event.target.closest?.('button, a, summary'))) return;
    event.preventDefault();
    action();
  }

  /** Sets the decision (pressing again does not take it back) and goes to the next item. */
  decideAndGoOn(decision) {
    const item = this.current;
    if (!item) return;
    if (this.decisions.of(item.id) !== decision) this.decisions.set(item.id, decision);
    this.step(1);
  }
}

async function start() {
  const data = embedded('batch-data');
  if (!data) throw new Error('this page carries no batch; `roomwright batch` or `roomwright view` writes one that does');
  if (data.format !== FORMAT) throw new Error(`this page reads data of version ${FORMAT}, and these are ${data.format}`);
  const gallery = new Gallery(data);
  await gallery.decisions.load(data.decisions);
  gallery.refresh();
  return {
    shown: () => gallery.shown.map(({ id }) => id),
    current: () => gallery.current?.id ?? null,
    decisions: () => Object.fromEntries(gallery.decisions.byItem),
    settled: () => gallery.store.queue ?? Promise.resolve(),
  };
}

window.roomwright = start();
window.roomwright.catch((error) => {
  byId('none').textContent = `The gallery cannot be shown: ${error.message}`;
  byId('none').hidden = false;
});
