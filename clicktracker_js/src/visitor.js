/** The visitor of this browser: key, number of page views, session, and the order of events. */

import { randomText } from './lib/random.js';
import { read, remove, write } from './lib/storage.js';
import { SILENCE_MS } from './limits.js';

const KEY = 'logdig:visitor';

/**
 * As it is stored.
 * @typedef {object} Visitor
 * @property {string} user the key
 * @property {number} loads number of page views
 * @property {number} made number of events, the order of the queue
 * @property {string} [session]
 * @property {number} seq of the next event in its session
 * @property {number} at time of the latest event in milliseconds, by the browser's clock
 */

/** @type {Visitor | undefined} the latest one: without consent, or after the page cleared localStorage, none is stored */
let latest;

/** Whether it is a visitor, whatever is stored. @param {any} stored */
const isVisitor = ({ user, loads, made, seq }) => [user?.length, loads, made, seq].every((count) => count >>> 0 === count);

/** @returns {Visitor} the stored one, or a new one */
export const readVisitor = () => {
  const stored = read(KEY);
  return isVisitor(stored) ? stored : (latest ||= { user: randomText(), loads: 0, made: 0, seq: 0, at: 0 });
};

/** @param {Visitor} visitor */
export const writeVisitor = (visitor) => write(KEY, (latest = visitor));

export const forgetVisitor = () => {
  latest = undefined;
  remove(KEY);
};

/**
 * Number the next event in its session; 30 minutes of silence end a session. A clock that was set back is no silence.
 * @param {Visitor} visitor is changed
 * @param {number} at time of the event in milliseconds
 */
export const advanceSession = (visitor, at) => {
  if (!visitor.session || at - visitor.at >= SILENCE_MS) {
    visitor.session = randomText();
    visitor.seq = 0;
  }
  visitor.at = at;
  return { session_id: visitor.session, seq: visitor.seq++ };
};
