import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { countDropped, enqueue, nextBatch, queuedKeys, readDropped, takeDropped, trimQueue } from '../../src/queue.js';
import { list, read, remove, writeText } from '../../src/lib/storage.js';

const event = (/** @type {string} */ name, filler = '', timestamp = 0) => ({ event_id: name, timestamp, filler });
const names = (/** @type {string[]} */ keys) => keys.map((key) => read(key).event_id);

beforeEach(() => list('logdig:').forEach(remove));

test('events are queued in the order they were made, whatever their timestamp', () => {
  enqueue(event('b', '', 2e12), 1);
  enqueue(event('a', '', 1e12), 2);
  enqueue(event('c'), 10);

  assert.deepEqual(names(queuedKeys()), ['b', 'a', 'c']);
});

test('two events with one number are both kept', () => {
  enqueue(event('a'), 1);
  enqueue(event('b'), 1);

  assert.equal(queuedKeys().length, 2);
});

test('a batch ends at its count and at its bytes, which are those of UTF-8', () => {
  for (let number = 0; number < 10; number++) enqueue(event(`korean-${number}`, '가'.repeat(6000)), number);

  assert.deepEqual(names(nextBatch(2)), ['korean-0', 'korean-1']);
  assert.deepEqual(names(nextBatch(100)), ['korean-0', 'korean-1', 'korean-2']);
  assert.deepEqual(names(nextBatch(1, queuedKeys().slice(3))), ['korean-3']);
});

test('the oldest are dropped beyond a thousand, and counted', () => {
  for (let number = 0; number < 1003; number++) enqueue(event(`e${number}`), number);
  trimQueue();

  assert.equal(queuedKeys().length, 1000);
  assert.equal(names(queuedKeys())[0], 'e3');
  assert.deepEqual(readDropped(), { full: 3 });
});

test('the oldest are dropped beyond 512 KB', () => {
  for (let number = 0; number < 20; number++) enqueue(event(`e${number}`, 'x'.repeat(30_000)), number);
  trimQueue();

  assert.deepEqual(names(queuedKeys()), Array.from({ length: 17 }, (_, index) => `e${index + 3}`));
  assert.deepEqual(readDropped(), { full: 3 });
});

test('an event over 32 KiB is dropped, one of 32 KiB is kept', () => {
  const rest = JSON.stringify(event('e')).length;
  enqueue(event('e', 'x'.repeat(32 * 1024 - rest)), 1);
  enqueue(event('f', 'x'.repeat(32 * 1024 - rest + 1)), 2);

  assert.deepEqual(names(queuedKeys()), ['e']);
  assert.deepEqual(readDropped(), { too_large: 1 });
});

test('counts that a request reports are taken out, so that no other request reports them', () => {
  countDropped({ full: 2, refused: 1 });

  assert.deepEqual([takeDropped(), takeDropped()], [{ full: 2, refused: 1 }, undefined]);
});

test('counts of a request that failed are added to those since then', () => {
  countDropped({ full: 2, refused: 1 });
  const counts = takeDropped();
  countDropped({ full: 3 });
  countDropped(counts || {});

  assert.deepEqual(takeDropped(), { full: 5, refused: 1 });
});

test('counts begin anew when something else is stored in their place', () => {
  for (const text of ['[1]', 'true', '{}', '5', '"full"', 'null', 'full']) {
    writeText('logdig:dropped', text);
    countDropped({ full: 1 });

    assert.deepEqual(takeDropped(), { full: 1 }, text);
  }
});

test('a key without a size stops no batch', () => {
  writeText('logdig:e:0', '{"event_id":"odd"}');
  enqueue(event('a'), 1);

  assert.deepEqual(names(nextBatch(100)), ['odd', 'a']);
});
