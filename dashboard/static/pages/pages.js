// The pages of the site; with a filter by page, that one.

import { change, filters, get, href, request } from '/static/lib/address.js';
import { daysBetween, files } from '/static/lib/chart.js';
import { h, icon } from '/static/lib/element.js';
import { panel } from '/static/lib/panel.js';
import { sparkline } from '/static/lib/sparkline.js';
import { table } from '/static/lib/table.js';
import { t } from '/static/lib/words.js';
import { drawPage } from '/static/pages/page_parts.js';

const chosen = () => filters().find(([name]) => name == 'page')?.[1];

export const view = () => chosen() ?? '';

export function draw(main, about) {
  const page = chosen();
  if (page === undefined) main.append(list());
  else {
    main.append(
      h('div.title', {}, h('a.quiet', { href: href('pages', { page: null }) }, icon('back'), t('pages.back')), h('strong', {}, page || t('value.none'))),
      ...drawPage(page, about));
  }
}

function list() {
  const search = h('input', { type: 'search', placeholder: t('pages.search'), 'aria-label': t('pages.search'), value: get('search'),
    onchange: (event) => change({ search: event.target.value || null }, { replace: true }) });
  return panel({
    title: t('pages.list'),
    tools: [search],
    asks: () => ({ found: request('pages/listed'), key: `#${get('search')}` }),
    nothing: t('pages.none'),
    empty: ({ found }) => !shown(found.rows).length,
    draw: (body, { found }) => {
      const days = daysBetween(found.receipt.parameters.start, found.receipt.parameters.end);
      const rows = shown(found.rows).map((row) => ({ ...row, exit_rate: row.views ? row.exits / row.views : null }));
      const helped = (column, usual) => (found.cannot[column]
        ? t('pages.notHere', { column: usual, filters: found.cannot[column].map((name) => t(`filter.${name.split('.')[0]}`)).join(', ') })
        : null);
      body.append(table({
        rows, first: 50, label: t('pages.list'), onrow: ({ page }) => change({ page }), rowLabel: ({ page }) => t('pages.one', { page: page ?? '' }),
        columns: [
          { key: 'page', label: t('filter.page'), bar: 'views' },
          { key: 'views', label: t('measure.views'), number: true, before: get('compare') != 'none' },
          { key: 'visitors', label: t('measure.visitors'), number: true },
          { key: 'engaged_ms_per_view', label: t('measure.engaged_ms_per_view'), number: true, unit: 'ms', help: t('pages.help.engaged') },
          { key: 'exit_rate', label: t('pages.exitRate'), number: true, unit: '0 to 1', help: t('pages.help.exits') },
          { key: 'depth', label: t('pages.depth'), number: true, unit: '0 to 1', help: helped('depth', t('pages.depth')) ?? t('pages.help.depth') },
          { key: 'frustration', label: t('pages.frustration'), number: true, help: helped('frustration', t('pages.frustration')) ?? t('pages.help.frustration') },
          { key: 'conversions', label: t('measure.conversions'), number: true, help: helped('conversions', t('measure.conversions')) ?? t('help.conversions') },
          { key: 'by_day', label: t('pages.sparkline'), unsorted: true, cell: (row) => sparkline(days.map((day) => row.by_day[day] ?? 0), t('pages.sparkline')) },
        ],
      }));
      const plain = ['page', 'views', 'visitors', 'entries', 'exits', 'engaged_ms_per_view', 'depth', 'frustration', 'conversions'];
      body.append(files(body, { name: t('pages.list'), rows, columns: plain, receipt: found.receipt }));
    },
  });
}

/** Rows of these days whose page holds what is searched. */
const shown = (rows) => rows.filter(({ page, views }) => views !== null && (page ?? '').toLowerCase().includes(get('search').toLowerCase()));
