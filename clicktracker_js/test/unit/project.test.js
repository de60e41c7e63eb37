import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { project } from '../../src/lib/project.js';

const cases = JSON.parse(readFileSync(new URL('../projection.json', import.meta.url), 'utf8'));

for (const { what, cells, places, width, height, points, account } of cases) {
  test(`projection: ${what}`, () => {
    const found = project(cells, places, width, height);

    assert.deepEqual(
      found.points.map(({ x, y, layer, count, cell }) => [x, y, layer, count, cell]),
      points,
    );
    assert.deepEqual(Object.values(found.account), account);
  });
}
