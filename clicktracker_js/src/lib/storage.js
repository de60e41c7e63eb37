/**
 * JSON values in localStorage. Values that it refuses (full, blocked, absent) stay in memory as long as the page lives.
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
 * @returns {any} undefined when nothing is stored, or something that is not JSON
 */
export const read = (key) => {
  const text = readText(key);
  // Most keys are absent, and an exception for each would cost more than the rest of a start.
  return text && attempt(() => JSON.parse(text));
};

/**
 * @param {string} key
 * @param {string} text JSON
 */
export const writeText = (key, text) => {
  memory[key] = text;
  attempt(() => {
    localStorage[key] = text;
    delete memory[key];
  });
};

/**
 * @param {string} key
 * @param {unknown} value
 */
export const write = (key, value) => writeText(key, toJson(value));

/** @param {string} key */
export const remove = (key) => {
  delete memory[key];
  attempt(() => delete localStorage[key]);
};

/**
 * All keys with this prefix, sorted.
 * @param {string} prefix
 */
export const list = (prefix) =>
  Object.keys(memory)
    .concat(attempt(() => Object.keys(localStorage)) || [])
    .filter((key) => key.startsWith(prefix))
    .sort();
