/** The visitor's consent. Privacy signals of the browser win over everything, an opt-out wins over consent. */

import { config } from './config.js';
import { toJson } from './lib/json.js';
import { list, read, remove, write } from './lib/storage.js';
import { warn } from './warn.js';

const KEY = 'logdig:consent';
const REFUSED = { analytics: false, ads: false };

/** @typedef {{analytics?: boolean, ads?: boolean}} Purposes those that the visitor answered */

/** @type {Purposes & {out?: boolean}} the visitor's answer, or the opt-out */
let stored = {};

/** What an answer says; of what is no boolean, a refusal. @param {any} answer @returns {Purposes} */
export const purposesOf = (answer) => {
  /** @type {Purposes} */
  const purposes = {};
  if (toJson(answer)[0] != '{') {
    warn(`consent is "${answer}", taken as refused`);
    return REFUSED;
  }
  for (const purpose of /** @type {const} */ (['analytics', 'ads'])) {
    const value = answer[purpose];
    if (value === undefined) continue;
    purposes[purpose] = value === true;
    if (purposes[purpose] !== value) warn(`consent for ${purpose} is "${value}", taken as refused`);
  }
  return purposes;
};

/**
 * @param {any} [answer] as it was stored, whatever stands there
 * @returns {unknown} the same
 */
export const readConsent = (answer = read(KEY)) => {
  stored = purposesOf(answer);
  // Another tab may have stored something before it noticed the opt-out.
  if (answer.out) optOut();
  return answer;
};

/** Whether nothing may be stored or sent. */
export const isOptedOut = () => stored.out || config.isBlocked();

export const currentConsent = () =>
  isOptedOut() ? REFUSED : { ...config.consent, ...stored };

/** Save an answer; purposes that it does not name stay as they are. @param {Purposes} purposes */
export const saveConsent = (purposes) => {
  stored = { ...stored, ...purposes };
  if (!isOptedOut()) write(KEY, stored);
};

/** Delete everything stored but the opt-out itself. */
export const optOut = () => {
  list('logdig:').forEach((key) => key == KEY || remove(key));
  write(KEY, (stored = { out: true }));
};

export const optIn = () => {
  remove(KEY);
  stored = {};
};
