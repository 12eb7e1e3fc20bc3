// How numbers and names are put into words.

/** Metres with two decimals. */
export const metres = (value) => `${value.toFixed(2)} m`;

/** A share as a whole percentage. */
export const percent = (share) => `${Math.round(100 * share)} %`;

/** A class or code for reading: `tv_cabinet` becomes `tv cabinet`. */
export const plain = (name) => String(name).replaceAll('_', ' ');

/** `1 wall`, `2 walls`. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;
