/**
 * What outlives a page: JSON in localStorage under names that begin with `logdig:`, and memory for whatever it will not
 * take (full, blocked, absent).
 */

/** @type {Record<string, string>} */
const memory = {};

/**
 * Ask localStorage, which throws where it is blocked and when it is full.
 * @template T
 * @param {(storage: Storage) => T} question
 */
const ask = (question) => {
  try {
    return question(localStorage);
  } catch {
    return null;
  }
};

/**
 * @param {string} key
 * @returns {any} null when there is nothing, or nothing that this script wrote
 */
export const read = (key) =>
  memory[key] ? JSON.parse(memory[key]) : ask((storage) => JSON.parse(storage.getItem(key) || 'null'));

/**
 * @param {string} key
 * @param {unknown} value
 */
export const write = (key, value) => {
  memory[key] = JSON.stringify(value);
  ask((storage) => {
    storage.setItem(key, memory[key]);
    delete memory[key];
  });
};

/** @param {string} key */
export const remove = (key) => {
  delete memory[key];
  ask((storage) => storage.removeItem(key));
};

/**
 * Keys that begin so, sorted.
 * @param {string} start
 */
export const list = (start) =>
  [...(ask(Object.keys) || []), ...Object.keys(memory)].filter((key) => key.startsWith(start)).sort();
