/**
 * JSON values in localStorage. Values that it refuses (full, blocked, absent) stay in memory as long as the page lives, and
 * so do those to keep, since the page may clear localStorage.
 */

import { attempt } from './attempt.js';
import { toJson } from './json.js';

/** @type {Record<string, string>} */
const memory = {};

/**
 * The stored JSON text.
 * @param {string} key
 * @returns {string | undefined}
 */
export const readText = (key) => memory[key] || attempt(() => localStorage[key]);

/**
 * @param {string} key
 * @returns {any} the stored object; an empty one when nothing or something else is stored
 */
export const read = (key) => {
  const text = readText(key);
  // Most keys are absent, and an exception for each would cost more than the rest of a start.
  return (text?.[0] == '{' && attempt(() => JSON.parse(text))) || {};
};

/**
 * @param {string} key
 * @param {string} text JSON
 * @param {boolean} [keep] in memory too, until it is removed
 */
export const writeText = (key, text, keep) => {
  memory[key] = text;
  attempt(() => {
    localStorage[key] = text;
    if (!keep) forget(key);
  });
};

/**
 * @param {string} key
 * @param {unknown} value
 */
export const write = (key, value) => writeText(key, toJson(value));

/** Write again what is in memory and no longer stored. */
export const restore = () =>
  Object.keys(memory).forEach((key) => attempt(() => (localStorage[key] ||= memory[key])));

/** Remove it from memory only: another tab removed it. @param {string} key */
export const forget = (key) => delete memory[key];

/** @param {string} key */
export const remove = (key) => {
  forget(key);
  attempt(() => delete localStorage[key]);
};

/**
 * All keys with this prefix, sorted.
 * @param {string} prefix
 */
export const list = (prefix) =>
  Object.keys(memory)
    .concat(attempt(() => Object.keys(localStorage)) || [])
    .sort()
    .filter((key, index, keys) => key.startsWith(prefix) && key != keys[index - 1]);
