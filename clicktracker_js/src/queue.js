/**
 * Events that wait for their 2xx, each one under a key of its own, so that tabs never overwrite each other. A key says
 * all that is asked before sending: `logdig:e:<number>:<event_id>:<bytes>`; keys sort in the order of making, whatever
 * the clock says.
 */

import { BATCH_BYTES, EVENT_BYTES, QUEUE_BYTES, QUEUE_EVENTS } from './limits.js';
import { toJson } from './json.js';
import { list, read, remove, write, writeText } from './storage.js';

const DROPPED = 'logdig:dropped';
const EVENT = 'logdig:e:';

/** @typedef {'full' | 'too_large' | 'refused' | 'before_send'} Reason */

/** Keys of all that waits, oldest first. */
export const waiting = () => list(EVENT);

/** @param {string} key */
const bytesOf = (key) => +key.split(':')[4];

/** What was given up since the collector was last told. @returns {Record<string, number> | undefined} */
export const dropped = () => read(DROPPED);

/**
 * Count what is given up, for the whole browser.
 * @param {Partial<Record<Reason, number>>} counts by reason
 * @param {1 | -1} sign -1 = the collector knows; another tab may have counted more meanwhile
 */
export const countDropped = (counts, sign = 1) => {
  /** @type {Record<string, number>} */
  const sums = dropped() || {};
  for (const [reason, count] of Object.entries(counts)) {
    sums[reason] = (sums[reason] || 0) + sign * count;
    if (!sums[reason]) delete sums[reason];
  }
  if (Object.keys(sums)[0]) write(DROPPED, sums);
  else remove(DROPPED);
};

/**
 * Add an event at the end.
 * @param {Record<string, any>} event
 * @param {number} number counts up
 */
export const add = (event, number) => {
  const text = toJson(event);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > EVENT_BYTES) countDropped({ too_large: 1 });
  else writeText(`${EVENT}${number + 1e9}:${event.event_id}:${bytes}`, text);
};

/** Hold the bounds; the oldest go first. */
export const trim = () => {
  let room = QUEUE_BYTES;
  waiting()
    .reverse()
    .forEach((key, index) => {
      room -= bytesOf(key);
      if (index < QUEUE_EVENTS && room >= 0) return;
      remove(key);
      countDropped({ full: 1 });
    });
};

/**
 * Keys of the oldest events that fit one request.
 * @param {number} limit events
 * @param {number} skip so many that are under way already
 */
export const nextBatch = (limit, skip) => {
  let room = BATCH_BYTES;
  return waiting()
    .slice(skip, skip + limit)
    .filter((key) => (room -= bytesOf(key) + 1) > 0);
};
