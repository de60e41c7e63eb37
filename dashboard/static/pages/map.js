// The map of one page: which one, then the map itself.

import { change, get, request } from '/static/lib/address.js';
import { h } from '/static/lib/element.js';
import { panel } from '/static/lib/panel.js';
import { number, t } from '/static/lib/words.js';

import { drawMap } from './page_map.js';

export const view = () => get('page');

export function draw(main, about) {
  const page = get('page');
  main.append(panel({
    bare: true,
    asks: () => request('map/pages', { compare: null }, { without: ['page', 'device', 'country', 'experiment'] }),
    empty: ({ pages }) => !pages.length,
    nothing: t('map.noPages'),
    draw: (body, { pages }) => {
      if (!page) return void change({ page: pages[0].page }, { replace: true });
      body.append(chooser(pages, page));
    },
  }));
  if (page) drawMap(main, { page, about });
}

function chooser(pages, page) {
  const known = pages.some((one) => one.page == page) ? pages : [{ page, views: 0 }, ...pages];
  const options = known.map((one) => h('option', { value: one.page, selected: one.page == page },
    `${one.pictures ? '▣ ' : ''}${one.page}  ·  ${t('map.views', { views: number(one.views) })}`));
  return h('label.map-page', {}, h('span', {}, t('filter.page')), h('select', { onchange: (event) => change({ page: event.target.value, taken: null }) }, options));
}
