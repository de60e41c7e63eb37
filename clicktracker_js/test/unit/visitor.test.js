import assert from 'node:assert/strict';
import { test } from 'node:test';

import { randomText } from '../../src/lib/random.js';
import { writeText } from '../../src/lib/storage.js';
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

test('a new visitor takes the place of what is stored and no visitor', () => {
  const wrong = ['[1]', 'true', '{}', '5', '"visitor"', 'null', 'visitor', '{"user":5}', '{"user":"a"}', '{"user":"a","loads":-1,"made":0,"seq":0}'];
  for (const text of wrong) {
    writeText('logdig:visitor', text);

    const { user, loads, made, seq } = readVisitor();

    assert.match(user, /^[a-z0-9]{20}$/, text);
    for (const count of [loads, made, seq]) assert.ok(count >= 0, text);
  }
});
