// Maps of the overview: visitors by country, and by state.

import { chart, echarts } from '/static/lib/chart.js';
import { number, t } from '/static/lib/words.js';

const known = new Map();

/** Reads the shapes of a map once. */
async function shapes(map) {
  if (!known.has(map)) {
    known.set(map, fetch(`/static/maps/${map}.json`).then((response) => response.json()));
  }
  const [{ registerMap }, found] = await Promise.all([echarts(), known.get(map)]);
  registerMap(map, found);
}

/**
 * Draws visitors on a map above what stands in a body.
 * @param {Element} body
 * @param {{ rows: any[], columns: any[], receipt: object }} answer with visitors by code
 * @param {{ map: string, by: string, name: (code: string) => string, filter: (row: object) => void,
 *   measure?: string, label?: string }} options `measure` is what is counted, usually visitors
 */
export async function mapOf(body, { rows, columns, receipt }, { map, by, name, filter, measure = 'visitors', label = t('measure.visitors') }) {
  const place = document.createElement('div');
  body.prepend(place);
  await shapes(map);
  if (!place.isConnected) return;
  const data = rows.filter((row) => row[by]).map((row) => ({ name: row[by], value: row[measure] }));
  const most = Math.max(1, ...data.map(({ value }) => value));
  await chart(place, {
    name: `${measure} by ${by}`,
    label: t('overview.mapLabel', { by: t(`filter.${by}`) }),
    rows, columns, receipt,
    height: map == 'world' ? 250 : 220,
    onclick: ({ name: code }) => rows.some((row) => row[by] == code) && filter({ [by]: code }),
    option: (colour) => ({
      // The square root keeps small countries apart from none at all.
      visualMap: { show: false, min: 0, max: Math.sqrt(most), dimension: 0, inRange: { color: [colour.cool, colour.warm] } },
      tooltip: { formatter: ({ name: code, data: found }) => `${name(code)}\n${label}  ${number(found?.count ?? 0)}` },
      series: [{
        type: 'map', map, roam: false, aspectScale: map == 'world' ? 0.82 : 1, left: 0, right: 0, top: 0, bottom: 0,
        label: { show: false },
        itemStyle: { areaColor: colour.line, borderColor: colour.card, borderWidth: 0.6 },
        emphasis: { label: { show: false }, itemStyle: { areaColor: colour.series[1] } },
        select: { disabled: true },
        data: data.map(({ name: code, value }) => ({ name: code, value: Math.sqrt(value), count: value })),
      }],
    }),
  });
}
