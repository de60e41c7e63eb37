// Builds static/vendor/echarts/echarts.js and static/maps/*.json: the same bytes wherever it runs. `npm ci && npm run build`.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = process.argv[2] ?? join(here, '..', 'static');
const packages = join(here, 'node_modules');
/** Two decimals of a degree, or of a pixel, are finer than a screen. */
const DIGITS = 2;
const STATES =
  '01AL02AK04AZ05AR06CA08CO09CT10DE11DC12FL13GA15HI16ID17IL18IN19IA20KS21KY22LA23ME24MD25MA26MI27MN28MS29MO30MT31NE' +
  '32NV33NH34NJ35NM36NY37NC38ND39OH40OK41OR42PA44RI45SC46SD47TN48TX49UT50VT51VA53WA54WV55WI56WY';

/** ISO 3166's two letters of a country's number: browsers write a number as letters when they tidy a locale. */
const letters = (/** @type {string} */ number) => number ? Intl.getCanonicalLocales(`und-${number}`)[0].slice(4) : '';
const postal = (/** @type {string} */ number) => STATES.slice(STATES.indexOf(number) + 2, STATES.indexOf(number) + 4);

/** Decodes TopoJSON (https://github.com/topojson/topojson-specification, 2.1.4) to GeoJSON, each shape named by its code. */
const decode = (/** @type {any} */ { arcs, transform, objects }, /** @type {string} */ layer, code, flip = false) => {
  const { scale, translate } = transform;
  const lines = arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      // Projected maps count from the top, ECharts from the bottom.
      const down = y * scale[1] + translate[1];
      return [x * scale[0] + translate[0], flip ? -down : down];
    });
  });
  const ring = (/** @type {number[]} */ parts) =>
    parts.flatMap((part, place) => (part < 0 ? lines[~part].toReversed() : lines[part]).slice(place ? 1 : 0));
  /** The part of a ring on one side of a line of longitude (I. Sutherland and G. Hodgman 1974, Comm. ACM 17). */
  const side = (points, line, sign) => points.flatMap((point, place) => {
    const before = points.at(place - 1);
    const inside = ([x]) => sign * (x - line) <= 0;
    const crossing = () => [line, before[1] + ((line - before[0]) / (point[0] - before[0])) * (point[1] - before[1])];
    return [...(inside(point) != inside(before) ? [crossing()] : []), ...(inside(point) ? [point] : [])];
  });
  /** Rings that cross 180 degrees are cut there: the data are stitched for globes, and this map is flat. */
  const cut = (points) => {
    let turn = 0;
    const whole = points.map(([x, y], place) => {
      const jump = place ? x - points[place - 1][0] : 0;
      if (Math.abs(jump) > 180) turn -= Math.sign(jump) * 360;
      return [x + turn, y];
    });
    return [-360, 0, 360].flatMap((shift) => {
      const moved = whole.map(([x, y]) => [x + shift, y]);
      const part = side(side(moved, 180, 1), -180, -1);
      return part.length > 2 ? [[...part, part[0]]] : [];
    });
  };
  const thinned = (points) => points.filter((p, i) => !i || p[0] != points[i - 1][0] || p[1] != points[i - 1][1]);
  const rounded = (points) => thinned(points.map((point) => point.map((n) => Number(n.toFixed(DIGITS)))));
  /** Polygons of one: several where it is cut; holes stay with the first, none lies at 180 degrees. */
  const polygons = ([outer, ...holes]) => {
    const parts = flip ? [ring(outer)] : cut(ring(outer));
    return parts.map((part, place) => [rounded(part), ...(place ? [] : holes.map((hole) => rounded(ring(hole))))]);
  };
  const features = objects[layer].geometries.map(({ type, arcs: own, id = '', properties }) => ({
    type: 'Feature',
    properties: { name: code(id) || properties.name },
    geometry: { type: 'MultiPolygon', coordinates: (type == 'Polygon' ? [own] : own).flatMap(polygons) },
  }));
  return { type: 'FeatureCollection', features: features.filter(({ properties }) => properties.name != 'AQ') };
};

const read = async (/** @type {string} */ name) => JSON.parse(await readFile(join(packages, name), 'utf8'));
const echarts = join(target, 'vendor', 'echarts');
const maps = join(target, 'maps');
await mkdir(join(echarts, 'licenses'), { recursive: true });
await mkdir(maps, { recursive: true });
await build({
  entryPoints: [join(here, 'echarts.js')],
  outfile: join(echarts, 'echarts.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: '/*! Apache ECharts 6.1.0, Apache-2.0; zrender, BSD-3-Clause; see NOTICE and LICENSE beside this file */' },
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
});
for (const name of ['LICENSE', 'NOTICE', 'licenses/LICENSE-d3']) {
  await copyFile(join(packages, 'echarts', name), join(echarts, name));
}
await copyFile(join(packages, 'zrender', 'LICENSE'), join(echarts, 'licenses', 'LICENSE-zrender'));
await copyFile(join(packages, 'world-atlas', 'LICENSE'), join(maps, 'LICENSE'));
await writeFile(join(maps, 'world.json'), JSON.stringify(decode(await read('world-atlas/countries-110m.json'), 'countries', letters)));
await writeFile(join(maps, 'states.json'), JSON.stringify(decode(await read('us-atlas/states-albers-10m.json'), 'states', postal, true)));
