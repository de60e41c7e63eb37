import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cleanAddress } from '../../src/address.js';

test('query parameters are dropped except those of the campaign', () => {
  assert.equal(
    cleanAddress('https://me:secret@shop.example:8443/a/b?id=7&utm_source=mail&utm_id=1&utm_term=a%20b#top'),
    'https://shop.example:8443/a/b?utm_source=mail&utm_term=a+b',
  );
});

test('addresses that are not pages keep only their scheme', () => {
  const addresses = ['mailto:me@example.com', 'tel:+82-10-1234', 'javascript:alert(1)', 'data:text/html,me', 'blob:https://a/b'];
  assert.deepEqual(addresses.map(cleanAddress), ['mailto:', 'tel:', 'javascript:', 'data:', 'blob:']);
});

test('an app keeps the paths of its pages under a scheme of its own, and only the scheme of other addresses', () => {
  const pages = ['capacitor://localhost/shop/7?id=3&utm_source=mail#top', 'tauri://localhost/', 'app://./index.html', 'moz-extension://a-b/x.html'];
  const others = ['sms:+82-10-1234', 'whatsapp://send?phone=821012345678', 'data:text/html,me', 'about:blank'];
  const cleaned = pages.map((page) => {
    Object.assign(globalThis, { location: new URL(page) });
    assert.deepEqual(others.map(cleanAddress), ['sms:', 'whatsapp:', 'data:', 'about:']);
    return cleanAddress(page);
  });
  Reflect.deleteProperty(globalThis, 'location');
  assert.deepEqual(cleaned, ['capacitor://localhost/shop/7?utm_source=mail', ...pages.slice(1)]);
});

test('an invalid address is undefined, a long one is cut', () => {
  assert.deepEqual(['', 'http://[', '/relative'].map(cleanAddress), [undefined, undefined, undefined]);
  assert.equal(cleanAddress('https://a.example/' + 'x'.repeat(9000))?.length, 4096);
});
