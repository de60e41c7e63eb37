/**
 * 32-bit hash of a text. The upper bits are spread evenly.
 * @param {string} text
 */
export const hash = (text) => {
  let bits = 0;
  for (const letter of text) bits = Math.imul(bits ^ letter.charCodeAt(0), 0x9e3779b1);
  return (bits ^ (bits >>> 15)) >>> 0;
};
