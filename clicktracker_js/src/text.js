/** Text the collector takes, and random ids. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Random letters and digits; 20 of them hold 119 bits.
 * @param {number} length
 */
export const randomText = (length) =>
  Array.from(crypto.getRandomValues(new Uint32Array(length)), (number) => LETTERS[number % 62]).join('');

/**
 * Cut to so many code points; U+0000 and halves of surrogate pairs would get the event refused.
 * @param {unknown} value
 * @param {number} length
 */
export const clean = (value, length) =>
  [...String(value).replace(/[\0\ud800-\udfff]/gu, '\ufffd')].slice(0, length).join('');

/**
 * An id of a customer, a track or a decision: 1 to 128 characters, no control characters; numbers become text.
 * @param {unknown} value
 * @returns {string | null} null when it is none
 */
export const readId = (value) => {
  const text = typeof value == 'number' ? String(value) : value;
  return typeof text == 'string' && /^[^\0-\x1f\x7f-\x9f\ud800-\udfff]{1,128}$/u.test(text) ? text : null;
};
