/** Who, and since when: the person-browser's key, its page views, the visit (session) and the order of its events. */

import { SILENCE_MS } from './limits.js';
import { randomText } from './random.js';
import { read, remove, write } from './storage.js';

const KEY = 'logdig:visitor';

/**
 * @typedef {object} Visitor
 * @property {string} user the key
 * @property {number} loads page views
 * @property {number} made events, for the order of the queue
 * @property {string} [session]
 * @property {number} seq the next event's place in its session
 * @property {number} at milliseconds of the latest event, by the browser's clock
 */

/** @type {Visitor | undefined} who is not stored, for want of consent: the same as long as the page lives */
let unknown;

/** @returns {Visitor} the stored one, or somebody new */
export const readVisitor = () =>
  read(KEY) || (unknown ||= { user: randomText(), loads: 0, made: 0, seq: 0, at: 0 });

/** @param {Visitor} visitor */
export const writeVisitor = (visitor) => write(KEY, visitor);

export const forgetVisitor = () => {
  unknown = undefined;
  remove(KEY);
};

/**
 * Take the place of one event in its session; 30 minutes of silence end one. A clock set back is no silence.
 * @param {Visitor} visitor is changed
 * @param {number} at milliseconds of the event
 */
export const takeTurn = (visitor, at) => {
  if (!visitor.session || at - visitor.at >= SILENCE_MS) {
    visitor.session = randomText();
    visitor.seq = 0;
  }
  visitor.at = at;
  return { session_id: visitor.session, seq: visitor.seq++ };
};
