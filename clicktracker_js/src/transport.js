/** Brings waiting events to the collector, in order, and removes them only after its 2xx. */

import { silenced } from './consent.js';
import { alone } from './lock.js';
import { drop, droppedSoFar, forgetDropped, giveUp, nextBatch, waiting } from './queue.js';
import { meaningOf, readRetryAfter, stillHeld, waitAfter } from './retry.js';
import { readJson, remove, writeJson } from './storage.js';

const HOLD = 'hold';
const VERSION = '1.0.0';
const PAUSE_MS = 3000;
const BATCH_EVENTS = 100;
const TIMEOUT_MS = 30_000;

/** @type {{url: string, token: string}} */
let to = { url: '', token: '' };
/** @type {ReturnType<typeof setTimeout> | 0} */
let timer = 0;
let busy = false;
let limit = BATCH_EVENTS;

/** @type {Set<string>} under way, so that the page's end need not send them again */
const handed = new Set();

/** @type {() => void} */
let leave = () => {};

/** @param {typeof to} collector */
export const setUpTransport = (collector) => {
  to = collector;
};

/**
 * Send after a pause, so that events gather; at once when they fill a request.
 * @param {number} count of events that wait
 */
export const sendWhenReady = (count) => (count < BATCH_EVENTS ? sendSoon() : send());

/**
 * @param {number} [pause] milliseconds
 */
export const sendSoon = (pause = PAUSE_MS) => {
  timer ||= setTimeout(send, Math.max(pause, held()));
};

const held = () => stillHeld(readJson(HOLD), Date.now());

/** Send what waits, unless the collector or an earlier failure asked to wait. */
export const send = async () => {
  clearTimeout(timer);
  timer = 0;
  if (busy || silenced() || navigator.onLine === false || !waiting().length) return;
  // The lock is given back when the page goes: a frozen page must not stop the others.
  const left = new Promise((resolve) => (leave = () => resolve(undefined)));
  if (!held()) await alone('send', () => Promise.race([deliver(), left]), { ifAvailable: true });
  if (waiting().length) sendSoon();
};

const deliver = async () => {
  busy = true;
  try {
    await sendBatches();
  } catch {
    // Never the page's trouble: what waits is tried again.
  }
  busy = false;
};

/** One request after the other until nothing waits or one fails. */
const sendBatches = async () => {
  for (let batch = nextBatch(limit, Date.now()); batch.keys.length; batch = nextBatch(limit, Date.now())) {
    batch.keys.forEach((key) => handed.add(key));
    const dropped = droppedSoFar();
    const { status, asked } = await post(envelope(batch.texts, dropped));
    batch.keys.forEach((key) => handed.delete(key));
    if (silenced()) return;
    const meaning = meaningOf(status);
    if (meaning == 'stored') {
      batch.keys.forEach(drop);
      forgetDropped(dropped);
      remove(HOLD);
      limit = BATCH_EVENTS;
    } else if (meaning == 'split') {
      if (batch.keys.length == 1) giveUp(batch.keys[0], status == 413 ? 'too_large' : 'refused');
      limit = Math.max(batch.keys.length >> 1, 1);
    } else return hold(meaning, asked);
  }
};

/**
 * @param {'closed' | 'later'} meaning
 * @param {number} asked milliseconds
 */
const hold = (meaning, asked) => {
  const failures = readJson(HOLD)?.failures || 0;
  const from = Date.now();
  writeJson(HOLD, { from, until: from + waitAfter(meaning, failures, asked, Math.random()), failures: failures + 1 });
};

/**
 * @param {string} body
 * @returns {Promise<{status: number, asked: number}>} status 0 = no answer came
 */
const post = async (body) => {
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const reply = await fetch(to.url, { method: 'POST', body, keepalive: true, credentials: 'omit', signal: stop.signal });
    return { status: reply.status, asked: readRetryAfter(reply.headers.get('Retry-After'), Date.now()) };
  } catch {
    return { status: 0, asked: 0 };
  } finally {
    clearTimeout(clock);
  }
};

/** The page goes: hand the browser what is not under way. It is no acknowledgement, so everything stays stored. */
export const sendAtEnd = () => {
  leave();
  if (silenced() || held()) return;
  const { keys, texts } = nextBatch(BATCH_EVENTS, Date.now(), handed);
  if (keys.length && navigator.sendBeacon(to.url, envelope(texts, null))) keys.forEach((key) => handed.add(key));
};

/** The page is back: what was handed over without an answer is sent again. */
export const forgetHanded = () => handed.clear();

/**
 * @param {string[]} texts events as JSON
 * @param {Record<string, number> | null} dropped
 */
const envelope = (texts, dropped) => {
  const now = new Date();
  const head = {
    token: to.token,
    sent_at: now.toISOString(),
    tz_min: -now.getTimezoneOffset(),
    tracker: VERSION,
    ...(dropped && { dropped }),
  };
  return `${JSON.stringify(head).slice(0, -1)},"events":[${texts.join()}]}`;
};
