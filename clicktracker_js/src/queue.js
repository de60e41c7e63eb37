/**
 * Events that wait for their 2xx: each one under a key of its own, so that tabs never overwrite each other. Keys sort
 * in the order of making, whatever the clock says.
 */

import { list, read, readJson, remove, write, writeJson } from './storage.js';

const EVENT = 'e:';
const NUMBER = 'n';
const DROPPED = 'dropped';
const MAX_EVENTS = 1000;
const MAX_LENGTH = 512 * 1024;
const MAX_EVENT_BYTES = 32 * 1024;
const MAX_AGE_MS = 30 * 86_400_000;

/** What one request carries at most: browsers let 64 KB a page outlive it, and the envelope needs some. */
const BATCH_BYTES = 59_000;

/** @typedef {'full' | 'too_large' | 'refused' | 'expired' | 'before_send'} Reason */

/** @param {string} text */
const bytes = (text) => new Blob([text]).size;

/**
 * Count what is given up, for the whole browser.
 * @param {Reason} reason
 */
export const countDropped = (reason) => {
  const dropped = readJson(DROPPED) || {};
  writeJson(DROPPED, { ...dropped, [reason]: (dropped[reason] || 0) + 1 });
};

/** @returns {Record<string, number> | null} what was given up since the last 2xx */
export const droppedSoFar = () => readJson(DROPPED);

/**
 * Take off what the collector now knows; another tab may have counted more meanwhile.
 * @param {Record<string, number> | null} told
 */
export const forgetDropped = (told) => {
  if (!told) return;
  const now = readJson(DROPPED) || {};
  for (const reason in told) {
    now[reason] -= told[reason];
    if (!(now[reason] > 0)) delete now[reason];
  }
  if (Object.keys(now).length) writeJson(DROPPED, now);
  else remove(DROPPED);
};

/** Keys of all that waits, oldest first. */
export const waiting = () => list(EVENT);

/** @param {string} key */
export const drop = (key) => remove(key);

/**
 * Give up one event.
 * @param {string} key
 * @param {Reason} reason
 */
export const giveUp = (key, reason) => {
  remove(key);
  countDropped(reason);
};

/**
 * Add an event at the end.
 * @param {Record<string, any>} event
 */
export const add = (event) => {
  const text = JSON.stringify(event);
  if (bytes(text) > MAX_EVENT_BYTES) return countDropped('too_large');
  const number = (Number(read(NUMBER)) || 0) + 1;
  write(NUMBER, String(number));
  write(`${EVENT}${String(number).padStart(12, '0')}:${event.event_id}`, text);
};

/** Hold the bounds; the oldest go first. Returns how many wait. */
export const trim = () => {
  const keys = waiting();
  const lengths = keys.map((key) => read(key)?.length || 0);
  let length = lengths.reduce((sum, one) => sum + one, 0);
  let index = 0;
  for (; keys.length - index > MAX_EVENTS || length > MAX_LENGTH; index++) {
    giveUp(keys[index], 'full');
    length -= lengths[index];
  }
  return keys.length - index;
};

/**
 * The oldest events that fit one request.
 * @param {number} limit events
 * @param {number} now milliseconds
 * @param {Set<string>} [without] keys to leave out
 */
export const nextBatch = (limit, now, without) => {
  /** @type {string[]} */
  const keys = [];
  /** @type {string[]} */
  const texts = [];
  let size = 0;
  for (const key of waiting()) {
    const text = read(key);
    if (!text || without?.has(key)) continue;
    if (isExpired(text, now)) {
      giveUp(key, 'expired');
      continue;
    }
    size += bytes(text) + 1;
    if (keys.length == limit || size > BATCH_BYTES) break;
    keys.push(key);
    texts.push(text);
  }
  return { keys, texts };
};

/**
 * Whether the collector would refuse it for its age; what is no JSON any more is as good as expired.
 * @param {string} text
 * @param {number} now
 */
const isExpired = (text, now) => {
  try {
    return now - Date.parse(JSON.parse(text).timestamp) > MAX_AGE_MS;
  } catch {
    return true;
  }
};
