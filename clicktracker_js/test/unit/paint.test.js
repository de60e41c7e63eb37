import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BIN, STEPS, colourOf, heatOf } from '../../src/lib/paint.js';

const PART = { left: 0, top: 1000, width: 400, height: 200 };
/** @param {ReturnType<typeof heatOf>} heat @param {number} x @param {number} y */
const at = ({ values, data, width }, x, y) => {
  const index = Math.floor((y - PART.top) / BIN) * width + Math.floor((x - PART.left) / BIN);
  return { value: values[index], colour: [...data.slice(4 * index, 4 * index + 4)] };
};

test('a place has the clicks around it per 100 views, whatever else was clicked', () => {
  const heat = heatOf([{ x: 102, y: 1102, count: 30 }, { x: 103, y: 1101, count: 10 }, { x: 390, y: 1190, count: 5000 }], PART, 0.1);

  assert.ok(Math.abs(at(heat, 102, 1102).value - 4) < 1e-6);
  assert.equal(at(heat, 102, 1140).value, 0);
  assert.deepEqual(at(heat, 102, 1140).colour, [0, 0, 0, 0]);
});

test('colours mean the same numbers on every page', () => {
  for (const step of STEPS) {
    const shown = at(heatOf([{ x: 50, y: 1050, count: step }], PART, 1), 50, 1050).colour;
    const wanted = colourOf(step);
    [255 * wanted[3], ...wanted.slice(0, 3)].forEach((value, index) => assert.ok(Math.abs(value - shown[(index + 3) % 4]) <= 4, `${step}: ${shown}`));
  }
  assert.deepEqual(colourOf(1000), colourOf(30));
  assert.deepEqual(colourOf(0), [0, 0, 0, 0]);
  assert.ok(colourOf(0.01)[3] > 0);
});

test('parts of a page fit together', () => {
  const points = [{ x: 200, y: 1100, count: 3 }];
  const whole = heatOf(points, PART, 1).values;
  const upper = heatOf(points, { ...PART, height: 100 }, 1).values;
  const lower = heatOf(points, { ...PART, top: 1100, height: 100 }, 1).values;

  assert.deepEqual([...upper, ...lower], [...whole]);
});
