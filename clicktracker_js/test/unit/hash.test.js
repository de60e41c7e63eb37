import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { hash, shareOf } from '../../src/lib/hash.js';

/** Keys of visitors, the same in each run. @param {number} count */
const visitors = (count) => Array.from({ length: count }, (_, number) => (shareOf('visitor' + number) * 2 ** 52).toString(36));

test('the same text has the same hash, of 32 bits', () => {
  assert.equal(hash('visitor'), hash('visitor'));
  assert.notEqual(hash('visitor1'), hash('visitor2'));
  assert.ok(hash('x'.repeat(1000)) < 2 ** 32);
  assert.ok(hash('x'.repeat(1000)) >= 0);
});

test('shares are those that the decision service computes', () => {
  const vectors = JSON.parse(readFileSync(new URL('../shares.json', import.meta.url), 'utf8'));
  assert.ok(vectors.length > 10);
  for (const { text, share } of vectors) assert.equal(shareOf(text), share, text);
});

test('shares of visitors are spread evenly with any prefix', () => {
  for (const prefix of ['', 'sample:', 'experiment:colour:']) {
    const tenths = Array(10).fill(0);
    for (const visitor of visitors(20_000)) tenths[Math.floor(shareOf(prefix + visitor) * 10)]++;
    // 2,000 each, within six standard deviations.
    for (const count of tenths) assert.ok(Math.abs(count - 2000) < 6 * Math.sqrt(1800), `${count} of 2000`);
  }
});

test('sample, experiments and holdouts are independent of each other, in each of 2,000 pairs of names', () => {
  const words = ['colour', 'price', 'banner', 'test', 'a', 'b', 'checkout', '선물', 'exp-', 'new_header'];
  const names = Array.from({ length: 62 }, (_, number) => `${words[number % 10]}${Math.floor(number / 10) || ''}`);
  const prefixes = ['sample:', 'holdout:colour:', ...names.map((name) => `experiment:${name}:`)];
  const people = visitors(4000);
  // Deviations from the middle of 0 to 1, whose variance is 1/12.
  const shares = prefixes.map((prefix) => people.map((visitor) => shareOf(prefix + visitor) - 0.5));
  let pairs = 0;
  shares.forEach((one, index) =>
    shares.slice(0, index).forEach((other, otherIndex) => {
      pairs++;
      const correlation = (one.reduce((sum, share, at) => sum + share * other[at], 0) * 12) / people.length;
      // Of 2,016 pairs of independent ones, one in 1,000 runs has five standard deviations.
      assert.ok(Math.abs(correlation) < 5 / Math.sqrt(people.length), `${prefixes[index]} ${prefixes[otherIndex]} ${correlation}`);
    }),
  );
  assert.ok(pairs >= 2000);
});

test('visitors of a small sample are spread evenly over the variants of an experiment', () => {
  const sampled = visitors(30_000).filter((visitor) => shareOf('sample:' + visitor) < 0.1);
  for (const name of ['colour', 'price', 'a', '선물']) {
    const first = sampled.filter((visitor) => shareOf(`experiment:${name}:${visitor}`) < 0.5).length;
    // Half of them, within five standard deviations.
    assert.ok(Math.abs(first - sampled.length / 2) < 2.5 * Math.sqrt(sampled.length), `${name}: ${first} of ${sampled.length}`);
  }
});
