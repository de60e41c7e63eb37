import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toJson } from '../../src/lib/json.js';

test('plain values survive a round trip', () => {
  const value = { text: 'a "b" \\ \n \t 선물 🎁 \u2028', list: [1, -2.5e-7, true, false, null, []], empty: {}, 'odd "key"': 0 };
  assert.deepEqual(JSON.parse(toJson(value)), value);
});

test('values that JSON cannot hold are null, undefined ones are left out', () => {
  assert.equal(toJson({ nan: NaN, far: -Infinity, work: () => 1, none: undefined }), '{"nan":null,"far":null,"work":null}');
});

test('U+0000 and lone surrogates become U+FFFD', () => {
  assert.equal(toJson('a\0b\ud800c\udc00'), '"a\ufffdb\ufffdc\ufffd"');
});

test('a page that overrides JSON changes nothing', () => {
  const { stringify } = JSON;
  // @ts-expect-error as old libraries do
  Array.prototype.toJSON = () => 'broken';
  JSON.stringify = () => 'broken';
  try {
    assert.equal(toJson({ list: ['a', 'b'] }), '{"list":["a","b"]}');
  } finally {
    // @ts-expect-error as above
    delete Array.prototype.toJSON;
    JSON.stringify = stringify;
  }
});
