// People, staff and bots: what is in the numbers of the other pages, and what is not.

import { request } from '/static/lib/address.js';
import { chart, daysBetween, timeOption, valuesAt } from '/static/lib/chart.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { number, t } from '/static/lib/words.js';

const KINDS = ['people', 'staff', 'bots'];
const asks = () => request('traffic/traffic');

/** Sums of rows by a key, with those of the days before. */
function sums(rows, key, value) {
  const found = new Map();
  for (const row of rows) {
    const sum = found.get(row[key]) ?? { [key]: row[key], now: 0, before: null };
    sum.now += row[value] ?? 0;
    if (`${value}_before` in row) sum.before = (sum.before ?? 0) + (row[`${value}_before`] ?? 0);
    found.set(row[key], sum);
  }
  return found;
}

export function draw(main, { releases }) {
  main.append(
    panel({
      bare: true,
      asks,
      draw: (body, { rows }) => {
        const found = sums(rows, 'kind', 'views');
        body.append(numbers(KINDS.map((kind) => numberCard({ label: t(`traffic.kind.${kind}`), value: found.get(kind)?.now ?? 0, before: found.get(kind)?.before }))));
      },
    }),
    panel({
      title: t('traffic.trend'),
      note: t('traffic.note'),
      asks,
      draw: (body, { rows, columns, receipt }) => {
        const times = daysBetween(receipt.parameters.start, receipt.parameters.end);
        const series = KINDS.map((kind) => {
          const own = sums(rows.filter((row) => row.kind == kind), 'day', 'views');
          return { name: t(`traffic.kind.${kind}`), values: valuesAt(times, [...own.values()], 'day', 'now') };
        });
        return chart(body, {
          name: 'traffic', label: t('traffic.trend'), rows, columns, receipt,
          option: (colour) => ({ ...timeOption(colour, { times, series, releases, format: number }), legend: { bottom: 0, textStyle: { color: colour.soft } }, grid: { left: 8, right: 12, top: 30, bottom: 34, containLabel: true } }),
        });
      },
    }),
    panel({
      title: t('traffic.crawlers'),
      asks,
      nothing: t('traffic.none'),
      empty: ({ rows }) => !rows.some((row) => row.crawler),
      draw: (body, { rows }) => {
        const found = [...sums(rows.filter((row) => row.crawler), 'crawler', 'views').values()].sort((a, b) => b.now - a.now);
        body.append(table({ rows: found, label: t('traffic.crawlers'), columns: [
          { key: 'crawler', label: t('traffic.crawler'), bar: 'now' }, { key: 'now', label: t('measure.views'), number: true }] }));
      },
    }),
  );
}
