// Building elements without ever parsing text as HTML: names come from files of others.

/**
 * An element with properties and children. `on` holds event listeners, `data` data attributes;
 * everything else is an attribute, left out when null, undefined or false.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element of this identifier, which the page's own HTML has. */
export const byId = (id) => document.getElementById(id);

/** What stands in a `<script type="application/json">`; null when the page has none. */
export function embedded(id) {
  const element = byId(id);
  return element ? JSON.parse(element.textContent) : null;
}

/** True when a key press belongs to a field that the user types into. */
export function isTyping(event) {
  const target = event.target;
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]), select, textarea, [contenteditable]');
}

/** Offers text or bytes as a download. */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(url);
}
