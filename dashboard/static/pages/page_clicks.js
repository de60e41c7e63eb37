// Clicks on a page, each cell at the mean place of its clicks.

import { chart } from '/static/lib/chart.js';
import { h } from '/static/lib/element.js';
import { number, t } from '/static/lib/words.js';

/** Draws the answer of question heatmap; the page `map` shows the same on the page's picture. */
export function drawClicks(body, { rows, columns, receipt, account }) {
  const cells = rows.filter(({ x, y }) => x !== null && y !== null);
  const most = Math.max(1, ...cells.map(({ clicks }) => clicks));
  const deepest = Math.max(600, ...cells.map(({ y }) => y));
  body.append(h('p.note', {}, t('pages.mapNote', { clicks: account.clicks })));
  return chart(body, {
    name: t('pages.map'), label: t('pages.mapLabel'), rows, columns, receipt,
    height: Math.min(640, Math.max(260, deepest / 3)),
    option: (colour) => ({
      grid: { left: 4, right: 4, top: 4, bottom: 4, show: true, borderColor: colour.line },
      tooltip: { formatter: ({ dataIndex }) => `${cells[dataIndex].selector ?? t('pages.page')}\n${t('measure.clicks')}  ${number(cells[dataIndex].clicks)}` },
      xAxis: { type: 'value', show: false, min: 0, max: Math.max(360, ...cells.map(({ x }) => x)) },
      yAxis: { type: 'value', show: false, inverse: true, min: 0, max: deepest },
      series: [{
        type: 'scatter', data: cells.map(({ x, y }) => [x, y]), animation: false, large: cells.length > 3000,
        symbolSize: (_, { dataIndex }) => 5 + 12 * Math.sqrt(cells[dataIndex].clicks / most),
        itemStyle: { color: colour.series[1], opacity: 0.55 },
      }],
    }),
  });
}
