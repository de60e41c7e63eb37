// The overview.

import { request } from '/static/lib/address.js';
import { panel } from '/static/lib/panel.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { chart, daysBetween, timeOption, valuesAt } from '/static/lib/chart.js';
import { t } from '/static/lib/words.js';

export function draw(main, { releases }) {
  main.append(
    panel({
      bare: true,
      asks: () => request('overview/overview'),
      draw: (body, { rows: [row] }) => body.append(numbers(...['visitors', 'sessions', 'views'].map((key) => numberCard({ label: key, value: row[key], before: row[`${key}_before`], better: 'more' })))),
    }),
    panel({
      title: t('overview.title'),
      asks: () => request('overview/overview', { by: 'day', compare: null }),
      draw: (body, { rows, columns, receipt }) => {
        const times = daysBetween(receipt.parameters.start, receipt.parameters.end);
        return chart(body, {
        name: 'visitors', label: 'Visitors by day', rows, columns, receipt,
        option: (colour) => timeOption(colour, { times, series: [{ name: 'visitors', values: valuesAt(times, rows, 'day', 'visitors') }], releases }),
      }); },
    }),
  );
}
