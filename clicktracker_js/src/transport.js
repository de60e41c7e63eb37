/** Sends queued events to the collector in order, and removes them only after its 2xx. */

import { config } from './config.js';
import { isOptedOut } from './consent.js';
import { toJson } from './lib/json.js';
import { read, readText, remove, write } from './lib/storage.js';
import { BATCH_EVENTS, PAUSE_MS, TIMEOUT_MS } from './limits.js';
import { loadPart } from './loader.js';
import { countDropped, inTurn, nextBatch, queuedKeys, takeDropped } from './queue.js';
import { HOLD, holdLeft } from './retry.js';

const VERSION = '1.0.0';

/** @type {any} */
let timer;
let batchLimit = BATCH_EVENTS;
/** How many events of this page are in flight; they are always the oldest. */
let inFlight = 0;

/** What a hold holds for. */
const target = () => config.api + config.token;

/** The hold, but not that of another token or endpoint. @returns {Partial<import('./retry.js').Hold>} */
export const readHold = () => {
  const hold = read(HOLD);
  return hold.to && hold.to != target() ? {} : hold;
};

const waitLeft = () => holdLeft(readHold());

/**
 * Send after a pause, so that events gather. While another tab sends, which takes far less than its hold, check after
 * each pause; of a longer wait, skip most.
 */
export const sendSoon = () => {
  timer ||= setTimeout(send, Math.max(PAUSE_MS, waitLeft() - TIMEOUT_MS));
};

/** Send in the next task when the events fill a request, so that an opt-out in this task is done before. */
export const sendWhenFull = () => (queuedKeys()[BATCH_EVENTS - 1] ? setTimeout(send) : sendSoon());

/** Send, but begin in one tab at a time. */
export const send = () => inTurn(sendQueue);

/** Send when the network is back: what had no response need not wait any longer. */
export const sendAgain = () => {
  if (!readHold().status) remove(HOLD);
  send();
};

/** Send request after request until the queue is empty, unless the collector or a failure asked to wait. */
export const sendQueue = async () => {
  clearTimeout(timer);
  timer = 0;
  while (!isOptedOut() && !waitLeft()) {
    const keys = nextBatch(batchLimit);
    if (!keys[0]) return;
    const counts = takeDropped();
    const from = Date.now();
    // If this tab closes, or the part `failure` cannot be loaded, some tab tries again after this time.
    write(HOLD, { failures: readHold().failures, from, until: from + TIMEOUT_MS, to: target() });
    inFlight = keys.length;
    const response = await post(envelope(keys, counts));
    inFlight = 0;
    if (isOptedOut()) return;
    // A redirect may lead to a login page, which answers 200. The collector answers 202.
    if (response?.ok && (response.status == 202 || !response.redirected)) {
      remove(HOLD);
      keys.forEach(remove);
      batchLimit = BATCH_EVENTS;
      continue;
    }
    if (counts) countDropped(counts);
    // `onLine` is false for ever in some browsers, so it is a hint: requests are tried, less often.
    if (response || navigator.onLine !== false) batchLimit = (await loadPart('failure', response, keys)) || batchLimit;
  }
  if (queuedKeys()[0]) sendSoon();
};

/**
 * @param {string} body
 * @returns {Promise<Response & {detail: string} | undefined>} undefined = no response
 */
const post = async (body) => {
  try {
    const response = await fetch(config.api + 'events', {
      method: 'POST',
      body,
      keepalive: true,
      credentials: 'omit',
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    // An unread response still counts against the 64 KB that a page may have in flight.
    return Object.assign(response, { detail: await response.text() });
  } catch {
    return undefined;
  }
};

/**
 * When the page goes, hand the newest events that are not in flight to the browser. A beacon is no acknowledgement, so
 * they stay stored; the oldest may have been in the beacons of many pages.
 */
export const sendBeacon = () => {
  if (isOptedOut() || (!inFlight && waitLeft())) return;
  const keys = nextBatch(BATCH_EVENTS, queuedKeys().slice(inFlight).reverse()).reverse();
  if (keys[0]) navigator.sendBeacon(config.api + 'events', envelope(keys));
  // Nobody receives the response in flight, so the next page need not wait for it.
  if (inFlight) remove(HOLD);
};

/**
 * @param {string[]} keys
 * @param {object} [dropped] counts of dropped events
 */
const envelope = (keys, dropped) => {
  const now = new Date();
  const head = toJson({
    token: config.token,
    sent_at: now.toISOString(),
    tz_min: -now.getTimezoneOffset(),
    tracker: VERSION,
    dropped,
    ...config.envelope,
  });
  // Another tab may have sent and removed some of them.
  return `${head.slice(0, -1)},"events":[${keys.map(readText).filter((text) => text)}]}`;
};
