/** Who, and since when: the person-browser's key, its page views, the visit (session) and the order of its events. */

import { read, readJson, remove, write, writeJson } from './storage.js';
import { randomText } from './text.js';

const USER = 'user';
const LOADS = 'loads';
const SESSION = 'session';
const CUSTOMER = 'customer';
const KEY_LENGTH = 20;
const SILENCE_MS = 30 * 60_000;

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {number} seq of the next event
 * @property {number} at milliseconds of the latest event, by the browser's clock
 */

/** The key, made when first asked for. */
export const userKey = () => {
  const known = read(USER);
  if (known && /^[A-Za-z0-9]{20}$/.test(known)) return known;
  const made = randomText(KEY_LENGTH);
  write(USER, made);
  return made;
};

/** Count one more page view of this visitor. */
export const countLoad = () => {
  const count = (Number(read(LOADS)) || 0) + 1;
  write(LOADS, String(count));
  return count;
};

/**
 * The visit at this time: the stored one, or a new one after 30 minutes of silence. A clock set back is no silence.
 * @param {Session | null} stored
 * @param {number} now milliseconds
 * @param {() => string} newId
 * @returns {Session}
 */
export const sessionAt = (stored, now, newId) =>
  stored?.id && now - stored.at < SILENCE_MS ? { ...stored, at: now } : { id: newId(), seq: 0, at: now };

/**
 * Take the place of one event in its visit.
 * @param {number} now milliseconds
 */
export const takeTurn = (now) => {
  const session = sessionAt(readJson(SESSION), now, () => randomText(KEY_LENGTH));
  writeJson(SESSION, { ...session, seq: session.seq + 1 });
  return { session_id: session.id, seq: session.seq };
};

export const storedCustomer = () => read(CUSTOMER);

/** @param {string | null} customer */
export const storeCustomer = (customer) => (customer == null ? remove(CUSTOMER) : write(CUSTOMER, customer));

/** Forget the person; events that wait to be sent stay. */
export const forgetVisitor = () => [USER, LOADS, SESSION, CUSTOMER].forEach(remove);
