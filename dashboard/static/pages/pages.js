// The pages of the site.

import { change, request } from '/static/lib/address.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { t } from '/static/lib/words.js';

export function draw(main) {
  main.append(panel({
    title: t('pages.title'),
    asks: () => request('pages/pages'),
    draw: (body, { rows }) => body.append(table({ rows, onrow: ({ page }) => change({ page }), columns: [{ key: 'page', label: t('filter.page') }, { key: 'views', label: 'views', number: true, bar: true, before: true }] })),
  }));
}
