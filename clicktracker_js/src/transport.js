/** Brings waiting events to the collector, in order, and removes them only after its 2xx. */

import { bring } from './bring.js';
import { config } from './config.js';
import { silenced } from './consent.js';
import { BATCH_EVENTS, PAUSE_MS, TIMEOUT_MS } from './limits.js';
import { countDropped, dropped, nextBatch, waiting } from './queue.js';
import { HOLD, stillHeld } from './retry.js';
import { toJson } from './json.js';
import { read, readText, remove, write } from './storage.js';

const VERSION = '1.0.0';

/** @type {any} */
let timer;
let limit = BATCH_EVENTS;
/** Events of this page under way, always the oldest. */
let flying = 0;

const held = () => stillHeld(read(HOLD));

/**
 * Send after a pause, so that events gather. When a tab is sending, which ends well before its time, look again after
 * each pause; sleep through most of a longer wait.
 */
export const sendSoon = () => {
  timer ||= setTimeout(send, Math.max(PAUSE_MS, held() - TIMEOUT_MS));
};

/** Send at once when the events fill a request; whoever is just opting out is through with it then. */
export const sendWhenFull = () => (waiting()[BATCH_EVENTS - 1] ? setTimeout(send) : sendSoon());

/** Send what waits, request after request, unless the collector or a failure asked to wait. */
export const send = async () => {
  clearTimeout(timer);
  timer = 0;
  while (!silenced() && !held() && navigator.onLine !== false) {
    const keys = nextBatch(limit, 0);
    if (!keys[0]) return;
    const told = dropped();
    const from = Date.now();
    // Where no answer is heard, or what a failure asks for is not known, somebody tries again after this time.
    write(HOLD, { ...read(HOLD), from, until: from + TIMEOUT_MS });
    flying = keys.length;
    const answer = await post(envelope(keys, told));
    flying = 0;
    if (silenced()) return;
    // Behind a redirect lies a page to log in rather than a collector, which says 202.
    if (answer?.ok && (answer.status == 202 || !answer.redirected)) {
      remove(HOLD);
      keys.forEach(remove);
      if (told) countDropped(told, -1);
      limit = BATCH_EVENTS;
    } else limit = (await bring('failure', answer, keys)) || limit;
  }
  if (waiting()[0]) sendSoon();
};

/**
 * @param {string} body
 * @returns {Promise<Response | undefined>} undefined = no answer came
 */
const post = async (body) => {
  try {
    const answer = await fetch(config.api + 'events', {
      method: 'POST',
      body,
      keepalive: true,
      credentials: 'omit',
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    // Unread, it would go on counting against the 64 KB that a page may have under way.
    await answer.text();
    return answer;
  } catch {
    return undefined;
  }
};

/** The page goes: hand the browser what is not under way. It is no acknowledgement, so everything stays stored. */
export const sendAtEnd = () => {
  if (silenced() || (!flying && held())) return;
  const keys = nextBatch(BATCH_EVENTS, flying);
  if (keys[0]) navigator.sendBeacon(config.api + 'events', envelope(keys));
  // The next page need not wait for an answer that nobody hears.
  if (flying) remove(HOLD);
};

/**
 * @param {string[]} keys
 * @param {object} [told]
 */
const envelope = (keys, told) => {
  const now = new Date();
  const head = toJson({
    token: config.token,
    sent_at: now.toISOString(),
    tz_min: -now.getTimezoneOffset(),
    tracker: VERSION,
    dropped: told,
  });
  // Another tab may have brought some of them meanwhile.
  return `${head.slice(0, -1)},"events":[${keys.map(readText).filter(Boolean)}]}`;
};
