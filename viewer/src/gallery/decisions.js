// Accepted and rejected items: undo, and where they are kept.
//
// Served by `roomwright view`, the server keeps them in review.jsonl, one item a request. Opened from
// disk, the browser remembers them for this file, and the page offers review.jsonl as a download or,
// where the browser can, writes into a file that the user picks.

import { download } from '../shared/dom.js';

/** One JSON object a line, by item; the same text that the server writes. */
export function toLines(decisions) {
  return [...decisions].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, decision]) => `${JSON.stringify({ id, decision })}\n`).join('');
}

export function fromLines(text) {
  const rows = text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line));
  return new Map(rows.map(({ id, decision }) => [id, decision]));
}

/** Decisions with undo; `store` keeps them, `changed` is called after every change. */
export class Decisions {
  constructor(store, changed) {
    Object.assign(this, { store, changed, byItem: new Map(), past: [] });
  }

  async load(embedded) {
    this.byItem = await this.store.load(embedded);
    this.changed();
  }

  of(id) {
    return this.byItem.get(id) ?? null;
  }

  /** Sets `accept`, `reject` or null for an item. */
  async set(id, decision) {
    this.past.push([id, this.of(id)]);
    await this.put(id, decision);
  }

  /** Takes the last change back; gives the item that it was about. */
  async undo() {
    const last = this.past.pop();
    if (!last) return null;
    await this.put(...last);
    return last[0];
  }

  async put(id, decision) {
    if (decision) this.byItem.set(id, decision);
    else this.byItem.delete(id);
    this.changed();
    await this.store.save(id, decision, this.byItem);
  }
}

/** Kept by the server, request after request in order. */
export class ServerStore {
  constructor(say) {
    this.say = say;
    this.queue = Promise.resolve();
  }

  async load() {
    const response = await fetch('review.jsonl', { cache: 'no-store' });
    if (!response.ok) throw new Error(`review.jsonl: the server answers ${response.status}`);
    return fromLines(await response.text());
  }

  save(id, decision) {
    const send = async () => {
      const body = JSON.stringify({ id, decision });
      const response = await fetch('review', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      if (!response.ok) throw new Error((await response.text()).trim() || `the server answers ${response.status}`);
      this.say('Saved in review.jsonl');
    };
    this.queue = this.queue.then(send).catch((error) => this.say(`Not saved: ${error.message}`, true));
    return this.queue;
  }
}

/** Remembered by the browser, for this file. */
export class DiskStore {
  constructor(say) {
    this.say = say;
    this.key = `roomwright-review:${location.pathname}`;
    this.file = null;
  }

  async load(embedded) {
    const kept = this.remembered();
    return kept === null ? new Map(Object.entries(embedded)) : fromLines(kept);
  }

  remembered() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null;
    }
  }

  async save(_id, _decision, all) {
    const text = toLines(all);
    let isRemembered = true;
    try {
      localStorage.setItem(this.key, text);
    } catch {
      isRemembered = false;
    }
    if (this.file) {
      await this.write(text);
    } else {
      this.say(isRemembered ? 'Kept by this browser; save review.jsonl to use it' : 'Not kept: save review.jsonl before you leave', !isRemembered);
    }
  }

  async write(text) {
    try {
      const stream = await this.file.createWritable();
      await stream.write(text);
      await stream.close();
      this.say(`Saved in ${this.file.name}`);
    } catch (error) {
      this.file = null;
      this.say(`Not saved: ${error.message}`, true);
    }
  }

  /** Into a file of the user's choice where the browser can, as a download elsewhere. */
  async export(all) {
    const text = toLines(all);
    if (!window.showSaveFilePicker) {
      download('review.jsonl', text, 'application/x-ndjson');
      this.say('review.jsonl was downloaded; put it beside gallery.html');
      return;
    }
    try {
      this.file = await window.showSaveFilePicker({ suggestedName: 'review.jsonl' });
    } catch (error) {
      if (error.name === 'AbortError') return;
      throw error;
    }
    await this.write(text);
  }
}
