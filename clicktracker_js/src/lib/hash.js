/**
 * 32-bit hash of a text. The upper bits are spread evenly.
 * @param {string} text
 */
export const hash = (text) => {
  let bits = 0;
  for (const letter of text) bits = Math.imul(bits ^ /** @type {number} */ (letter.codePointAt(0)), 0x9e3779b1);
  return (bits ^ (bits >>> 15)) >>> 0;
};

/**
 * A number from 0 to below 1 for a text. Those of texts that have a part in common are independent of each other: the
 * finalizer of MurmurHash3 lets every bit of the hash change every bit.
 * @param {string} text
 */
export const shareOf = (text) => {
  let bits = hash(text);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
};
