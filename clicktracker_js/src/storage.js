/**
 * What outlives a page: JSON in localStorage under names that begin with `logdig:`, and memory for whatever it will not
 * take (full, blocked, absent).
 */

import { attempt } from './attempt.js';
import { toJson } from './json.js';

/** @type {Record<string, string>} */
const memory = {};

/**
 * What is stored there, as JSON.
 * @param {string} key
 * @returns {string | undefined}
 */
export const readText = (key) => memory[key] || attempt(() => localStorage[key]);

/**
 * @param {string} key
 * @returns {any} undefined when there is nothing, or nothing that this script wrote
 */
export const read = (key) => {
  const text = readText(key);
  // Most keys are not there, and an error for each would cost more than the rest of a start.
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
 * Keys that begin so, sorted.
 * @param {string} start
 */
export const list = (start) =>
  Object.keys(memory)
    .concat(attempt(() => Object.keys(localStorage)) || [])
    .filter((key) => key.startsWith(start))
    .sort();
