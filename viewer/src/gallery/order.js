// Which items are shown, in which order.

const STATUSES = ['ok', 'rejected', 'failed', 'temporary'];
const DECISIONS = { accept: 1, reject: 2 };

const byText = (key) => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
/** Numbers ascending; items without one come last either way. */
const byNumber = (key, sign) => (a, b) => {
  const [x, y] = [key(a), key(b)];
  if (x === null || y === null) return (x === null) - (y === null);
  return sign * (x - y);
};
const part = (name) => (item) => item.score_parts[name] ?? null;

/** Sort orders by name, for the menu; parts of the score come with the items. */
export function ordersOf(items, decisionOf) {
  const parts = [...new Set(items.flatMap((item) => Object.keys(item.score_parts)))].sort();
  return new Map([
    ['name', byText((item) => item.id)],
    ['score, low first', byNumber((item) => item.score, 1)],
    ['score, high first', byNumber((item) => item.score, -1)],
    ...parts.map((name) => [`${name}, low first`, byNumber(part(name), 1)]),
    ['findings, most first', byNumber((item) => item.findings.length, -1)],
    ['status', byNumber((item) => STATUSES.indexOf(item.status), 1)],
    ['decision', byNumber((item) => DECISIONS[decisionOf(item.id)] ?? 0, 1)],
  ]);
}

/** Finding codes and causes of failure that occur, for the menu. */
export function codesOf(items) {
  return [...new Set(items.flatMap((item) => [...item.findings.map(({ code }) => code), ...item.warnings, item.cause || null]))]
    .filter((code) => code !== null).sort();
}

/** True when an item passes what is set in the filters. */
export function passes(item, filters, decision) {
  const text = `${item.id} ${item.input}`.toLowerCase();
  const hasCode = (code) =>
    item.cause === code || item.warnings.includes(code) || item.findings.some((finding) => finding.code === code);
  return (
    (filters.text === '' || text.includes(filters.text.toLowerCase())) &&
    (filters.status === '' || item.status === filters.status) &&
    (filters.decision === '' || (decision ?? 'open') === filters.decision) &&
    (filters.code === '' || hasCode(filters.code)) &&
    (filters.below === 1 || (item.score !== null && item.score <= filters.below))
  );
}
