/**
 * Random letters and digits: 20 of them hold 103 bits.
 * @param {number} [length]
 */
export const randomText = (length = 20) =>
  [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => (byte % 36).toString(36)).join('');
