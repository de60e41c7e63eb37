import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeHold, holdAfter, holdLeft } from '../../src/retry.js';

const NOW = Date.parse('2026-11-24T13:00:00Z');
const wait = (/** @type {[number, string | null, number, number]} */ ...[status, retryAfter, failures, random]) =>
  holdAfter(status, retryAfter, failures, NOW, random).until - NOW;

test('waits double from 3 s, half to one and a half times, up to 30 minutes', () => {
  assert.deepEqual([0, 1, 2, 3].map((failures) => wait(503, null, failures, 0.5)), [3000, 6000, 12_000, 24_000]);
  assert.deepEqual([wait(0, null, 0, 0), wait(0, null, 0, 1)], [1500, 4500]);
  assert.equal(wait(500, null, 50, 1), 30 * 60_000);
});

test('401 and 403 wait an hour', () => {
  assert.deepEqual([wait(401, null, 9, 1), wait(403, null, 0, 0)], [3_600_000, 3_600_000]);
});

test('Retry-After is obeyed as seconds and as a date, for a day at most', () => {
  assert.equal(wait(503, '7', 3, 1), 7000);
  assert.equal(wait(429, 'Tue, 24 Nov 2026 13:02:00 GMT', 0, 0), 120_000);
  assert.equal(wait(503, '999999999', 0, 0), 86_400_000);
});

test('a Retry-After without a valid time is ignored', () => {
  for (const retryAfter of ['', '0', '-3', 'soon', 'Tue, 24 Nov 2020 13:02:00 GMT']) assert.equal(wait(503, retryAfter, 0, 0.5), 3000);
});

test('a hold ends at its time, and at once when the clock is set back', () => {
  const hold = holdAfter(503, '10', 0, NOW, 0);
  assert.deepEqual([NOW, NOW + 9999, NOW + 10_000, NOW - 1].map((now) => holdLeft(hold, now)), [10_000, 1, 0, 0]);
});

test('what is no hold, or would hold for more than a day, holds nothing', () => {
  /** @type {any[]} */
  const stored = [{}, { from: 0, until: 1e99 }, { from: 'now', until: NOW + 1 }, { until: NOW + 1 }];
  assert.deepEqual(stored.map((hold) => holdLeft(hold, NOW)), [0, 0, 0, 0]);
});

test('a hold says until when and why nothing is sent', () => {
  const api = 'https://collect.example/v1/';
  const sentence = (/** @type {number | undefined} */ status) => describeHold(holdAfter(status, '60', 0, NOW, 0), api);
  assert.equal(
    sentence(401),
    'nothing is sent until 2026-11-24T13:01:00.000Z, since https://collect.example/v1/ answered 401; another token or endpoint in the tag ends the wait',
  );
  assert.match(sentence(503), /^nothing is sent until 2026-11-24T13:01:00.000Z, since .* answered 503; events stay queued$/);
  assert.match(sentence(undefined), /since there was no response from https:/);
});
