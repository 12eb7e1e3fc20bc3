// One item as a card: pictures, score with its parts, findings, decision.

import { h } from '../shared/dom.js';
import { counted, plain } from '../shared/words.js';

const STATUS = { ok: 'done', rejected: 'below the minimum score', failed: 'failed', temporary: 'temporary fault' };
const COUNTED = [['rooms', 'room'], ['walls', 'wall'], ['doors', 'door'], ['windows', 'window'], ['objects', 'object']];
/** Findings that are written out; the others are behind a fold. */
const SHOWN_FINDINGS = 3;

/** The card of an item; `decide(item, decision)` is called by its buttons, `pick(item)` by a click. */
export function cardOf(item, { decide, pick }) {
  const buttons = ['accept', 'reject'].map((decision) =>
    h('button', {
      type: 'button', 'aria-pressed': 'false', class: decision, data: { decision },
      on: { click: (event) => (event.stopPropagation(), decide(item, decision)) },
    }, decision === 'accept' ? 'Accept' : 'Reject'));
  return h('article', { class: 'card', id: `item-${item.id}`, 'aria-label': item.id, tabindex: '-1', data: { item: item.id }, on: { click: () => pick(item) } },
    h('div', { class: 'pictures' },
      picture(item.thumbnail, `a frame of ${item.input}`, 'no frame'),
      picture(item.plan, `floor plan of ${item.id}`, 'no floor plan')),
    h('div', { class: 'words' },
      h('h2', {}, item.view ? h('a', { href: item.view, target: '_blank', rel: 'noopener' }, item.id) : item.id),
      h('p', { class: 'muted small' }, item.input),
      h('p', {}, h('span', { class: `status ${item.status}` }, STATUS[item.status] ?? item.status), ' ',
        COUNTED.filter(([name]) => item.counts[name]).map(([name, noun]) => counted(item.counts[name], noun)).join(', ')),
      item.cause ? h('p', { class: 'cause' }, h('strong', {}, `${item.cause} (code ${item.code}) `), item.message) : null,
      findingsView(item)),
    h('div', { class: 'figures' },
      item.score === null ? null : scoreView(item),
      h('div', { class: 'decision', role: 'group', 'aria-label': `decision on ${item.id}` }, buttons)));
}

function picture(source, alt, none) {
  return source
    ? h('img', { src: source, alt, loading: 'lazy', decoding: 'async' })
    : h('div', { class: 'no-picture muted' }, none);
}

function scoreView(item) {
  const row = (name, value, isTotal) => h('tr', { class: isTotal ? 'total' : null },
    h('th', { scope: 'row' }, plain(name)),
    h('td', {}, h('span', { class: 'bar' }, h('i', { style: `width: ${(100 * Math.min(Math.max(value, 0), 1)).toFixed(1)}%` })), ` ${value.toFixed(2)}`));
  return h('table', { class: 'score' }, row('score', item.score, true),
    Object.entries(item.score_parts).map(([name, value]) => row(name, value, false)));
}

function findingsView({ findings, warnings }) {
  const notes = [
    ...findings.map(({ code, message, unresolved }) =>
      h('li', { class: unresolved ? 'unresolved' : null }, h('strong', {}, code), unresolved ? ' (unresolved) ' : ' ', message)),
    ...warnings.map((code) => h('li', {}, 'warning: ', h('strong', {}, code))),
  ];
  if (notes.length === 0) return null;
  const [shown, folded] = [notes.slice(0, SHOWN_FINDINGS), notes.slice(SHOWN_FINDINGS)];
  return [
    h('ul', { class: 'notes' }, shown),
    folded.length ? h('details', {}, h('summary', {}, `${folded.length} more`), h('ul', { class: 'notes' }, folded)) : null,
  ];
}

/** Shows a decision on a card. */
export function markDecision(card, decision) {
  card.dataset.decision = decision ?? 'open';
  for (const button of card.querySelectorAll('button[data-decision]')) {
    button.setAttribute('aria-pressed', String(button.dataset.decision === decision));
  }
}
