/**
 * The queue of events that are not acknowledged yet. Each event has a key of its own, so that tabs never overwrite each
 * other. The key holds all that is needed before sending: `logdig:e:<number>:<event_id>:<bytes>`. Keys sort in the order
 * in which events were made, whatever the clock says.
 */

import { toJson } from './lib/json.js';
import { withLock } from './lib/lock.js';
import { list, read, remove, write, writeText } from './lib/storage.js';
import { BATCH_BYTES, EVENT_BYTES, QUEUE_BYTES, QUEUE_EVENTS, SHARED_MS } from './limits.js';

const DROPPED = 'logdig:dropped';
const EVENT = 'logdig:e:';

/** @typedef {'full' | 'too_large' | 'refused' | 'before_send'} Reason */

/** Keys of all queued events, oldest first. */
export const queuedKeys = () => list(EVENT);

/** @param {string} key */
const bytesOf = (key) => +key.split(':')[4] || 0;

/** Let one tab at a time count events, or begin to send. @param {() => unknown} work returns whether it wrote */
export const inTurn = (work) => withLock('logdig', SHARED_MS, work);

/** Dropped events by reason that no request has reported yet. @returns {Record<string, number>} */
export const readDropped = () => read(DROPPED);

/** Count dropped events, for the whole browser. @param {Partial<Record<Reason, number>>} counts by reason */
export const countDropped = (counts) => {
  const sums = readDropped();
  for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] || 0) + count;
  write(DROPPED, sums);
};

/**
 * The counts for the next request, taken out so that no other tab reports them too; count them again if it fails.
 * @returns {Record<string, number> | undefined} undefined when nothing was dropped
 */
export const takeDropped = () => {
  const counts = readDropped();
  remove(DROPPED);
  return Object.keys(counts)[0] ? counts : undefined;
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
  else writeText(`${EVENT}${number + 1e9}:${event.event_id}:${bytes}`, text, true);
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
 * The first keys that fit into one request.
 * @param {number} limit events
 * @param {string[]} [keys] all of them, oldest first, by default
 */
export const nextBatch = (limit, keys = queuedKeys()) => {
  let bytesLeft = BATCH_BYTES;
  return keys.slice(0, limit).filter((key) => (bytesLeft -= bytesOf(key) + 1) > 0);
};
