import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isStable, looksWritten } from '../../src/lib/names.js';

test('names that a person wrote are accepted', () => {
  for (const name of ['buy', 'main', 'nav-link', 'site_header', 'buyButton', 'MuiButton-root', 'picks', 'checkout-form']) {
    assert.equal(looksWritten(name), true, name);
  }
});

test('names that a build or a framework generated are not', () => {
  const generated = [
    'css-1q2w3e', 'css-abcdef', 'sc-bdVaJa', 'jRtYhs', 'Button_root__3xYzA', 'button__aBcDe', 'svelte-kqzwrt', ':r1:',
    'radix-:r3:', 'ember123', 'user-4711', 'hover:bg-blue-500', 'x', 'ng-tns-c12-3', 'ejkqpz', '', 'a'.repeat(41),
    'me@example.com', '홍길동', '550e8400-e29b-41d4-a716-446655440000',
  ]; // prettier-ignore
  for (const name of generated) assert.equal(looksWritten(name), false, name);
});

test('classes that name a state or a look, and minified ones, are not stable', () => {
  for (const name of ['yb', 'yy', 'aBc', 'flex', 'text-center', 'bg-white', 'mx-auto', 'items-center', 'max-w-lg', 'btn']) {
    assert.equal(isStable(name), false, name);
  }
  for (const name of ['active', 'is-large', 'menu-open', 'selected', 'disabled', 'router-link-active', 'js-hook']) {
    assert.equal(isStable(name), false, name);
  }
  for (const name of ['hero', 'pricing', 'card-title', 'add-to-cart', 'flexible-rates', 'btn-primary']) assert.equal(isStable(name), true, name);
});
