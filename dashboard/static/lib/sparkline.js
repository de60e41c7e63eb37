// A line as small as a word.

import { svg } from './element.js';

const WIDTH = 84;
const HEIGHT = 22;

/** Draws values as a line; `label` says what they are to who does not see it. */
export function sparkline(values, label) {
  const most = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - 2 - ((HEIGHT - 4) * value) / most).toFixed(1)}`);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, class: 'spark', role: 'img', 'aria-label': label },
    svg('polygon', { points: `0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}` }), svg('polyline', { points: points.join(' ') }));
}
