/**
 * The queue of events that are not acknowledged yet. Each event has a key of its own, so that tabs never overwrite each
 * other. The key holds all that is needed before sending: `logdig:e:<number>:<event_id>:<bytes>`. Keys sort in the order
 * in which events were made, whatever the clock says.
 */

import { toJson } from './lib/json.js';
import { list, read, remove, write, writeText } from './lib/storage.js';
import { BATCH_BYTES, EVENT_BYTES, QUEUE_BYTES, QUEUE_EVENTS } from './limits.js';

const DROPPED = 'logdig:dropped';
const EVENT = 'logdig:e:';

/** @typedef {'full' | 'too_large' | 'refused' | 'before_send'} Reason */

/** Keys of all queued events, oldest first. */
export const queuedKeys = () => list(EVENT);

/** @param {string} key */
const bytesOf = (key) => +key.split(':')[4];

/** Dropped events by reason, since the last acknowledged report. @returns {Record<string, number> | undefined} */
export const readDropped = () => read(DROPPED);

/**
 * Count dropped events, for the whole browser.
 * @param {Partial<Record<Reason, number>>} counts by reason
 * @param {1 | -1} sign -1 = acknowledged by the collector; another tab may have counted more since then
 */
export const countDropped = (counts, sign = 1) => {
  /** @type {Record<string, number>} */
  const sums = readDropped() || {};
  for (const [reason, count] of Object.entries(counts)) {
    sums[reason] = (sums[reason] || 0) + sign * count;
    if (!sums[reason]) delete sums[reason];
  }
  if (Object.keys(sums)[0]) write(DROPPED, sums);
  else remove(DROPPED);
};

/**
 * Append an event.
 * @param {Record<string, any>} event
 * @param {number} number counts up
 */
export const enqueue = (event, number) => {
  const text = toJson(event);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > EVENT_BYTES) countDropped({ too_large: 1 });
  else writeText(`${EVENT}${number + 1e9}:${event.event_id}:${bytes}`, text);
};

/** Drop the oldest events beyond the limits. */
export const trimQueue = () => {
  let bytesLeft = QUEUE_BYTES;
  queuedKeys()
    .reverse()
    .forEach((key, index) => {
      bytesLeft -= bytesOf(key);
      if (index < QUEUE_EVENTS && bytesLeft >= 0) return;
      remove(key);
      countDropped({ full: 1 });
    });
};

/**
 * Keys of the oldest events that fit into one request.
 * @param {number} limit events
 * @param {number} skip events that are already in flight
 */
export const nextBatch = (limit, skip) => {
  let bytesLeft = BATCH_BYTES;
  return queuedKeys()
    .slice(skip, skip + limit)
    .filter((key) => (bytesLeft -= bytesOf(key) + 1) > 0);
};
