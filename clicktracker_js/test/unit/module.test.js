import assert from 'node:assert/strict';
import { test } from 'node:test';

test('the module can be imported where there is no window, as on a server that renders pages', async () => {
  const { logdig } = await import('../../dist/clicktracker.mjs');

  assert.equal(typeof logdig, 'function');
});
