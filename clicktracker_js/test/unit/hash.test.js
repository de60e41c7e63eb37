import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hash } from '../../src/lib/hash.js';
import { randomText } from '../../src/lib/random.js';

test('the same text has the same hash, of 32 bits', () => {
  assert.equal(hash('visitor'), hash('visitor'));
  assert.notEqual(hash('visitor1'), hash('visitor2'));
  assert.ok(hash('x'.repeat(1000)) < 2 ** 32);
  assert.ok(hash('x'.repeat(1000)) >= 0);
});

test('hashes of visitor keys are spread evenly with any prefix', () => {
  for (const prefix of ['', 'colour:']) {
    const tenths = Array(10).fill(0);
    for (let number = 0; number < 20_000; number++) tenths[Math.floor((hash(prefix + randomText()) / 2 ** 32) * 10)]++;
    // 2,000 each, within six standard deviations.
    for (const count of tenths) assert.ok(Math.abs(count - 2000) < 6 * Math.sqrt(1800), `${count} of 2000`);
  }
});
