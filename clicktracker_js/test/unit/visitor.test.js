import assert from 'node:assert/strict';
import { test } from 'node:test';

import { randomText } from '../../src/lib/random.js';
import { readVisitor, advanceSession } from '../../src/visitor.js';

const MINUTE = 60_000;

test('a new visitor has a key of 20 letters and digits', () => {
  assert.match(readVisitor().user, /^[a-z0-9]{20}$/);
  assert.notEqual(randomText(), randomText());
});

test('seq counts up within a session and restarts after 30 minutes of silence', () => {
  const visitor = readVisitor();
  const at = [100, 110, 139.9, 169.9, 170].map((minutes) => minutes * MINUTE);

  const turns = at.map((time) => advanceSession(visitor, time));

  assert.deepEqual(turns.map(({ seq }) => seq), [0, 1, 2, 0, 1]);
  assert.equal(new Set(turns.map(({ session_id }) => session_id)).size, 2);
});

test('a clock set back ends no session', () => {
  const visitor = readVisitor();

  const turns = [1000, 2, 3].map((minutes) => advanceSession(visitor, minutes * MINUTE));

  assert.deepEqual(turns.map(({ seq }) => seq), [0, 1, 2]);
});
