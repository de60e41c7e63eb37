/**
 * What outlives a page: localStorage under names of our own, and memory for whatever it will not take
 * (full, blocked, absent). Reading never writes; `list` is the only question about all names.
 */

const PREFIX = 'logdig:';

/** @type {Map<string, string>} */
const memory = new Map();

/**
 * Ask localStorage, which throws where it is blocked and when it is full.
 * @template T
 * @param {(storage: Storage) => T} question
 * @param {T} otherwise
 */
const ask = (question, otherwise) => {
  try {
    return question(localStorage);
  } catch {
    return otherwise;
  }
};

/** @param {string} key */
export const read = (key) => memory.get(key) ?? ask((storage) => storage.getItem(PREFIX + key), null);

/**
 * @param {string} key
 * @param {string} value
 */
export const write = (key, value) => {
  memory.set(key, value);
  ask((storage) => {
    storage.setItem(PREFIX + key, value);
    memory.delete(key);
  }, undefined);
};

/** @param {string} key */
export const remove = (key) => {
  memory.delete(key);
  ask((storage) => storage.removeItem(PREFIX + key), undefined);
};

/**
 * Keys that begin so, sorted.
 * @param {string} start
 */
export const list = (start) => {
  const stored = ask((storage) => Object.keys(storage), []);
  const keys = stored.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  return [...new Set([...keys, ...memory.keys()])].filter((key) => key.startsWith(start)).sort();
};

/**
 * Read JSON that only this script writes; what somebody else spoiled counts as absent.
 * @param {string} key
 */
export const readJson = (key) => {
  try {
    return JSON.parse(read(key) || 'null');
  } catch {
    return null;
  }
};

/**
 * @param {string} key
 * @param {unknown} value
 */
export const writeJson = (key, value) => write(key, JSON.stringify(value));
