// One page: its numbers, where people come from and go, how far it is seen, what a release changed, where they are stuck.

import { get, href, request } from '/static/lib/address.js';
import { chart, daysBetween, timeOption, valuesAt } from '/static/lib/chart.js';
import { h } from '/static/lib/element.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { named, number, percent, t } from '/static/lib/words.js';
import { drawMap } from '/static/pages/page_map.js';

/** Neighbours that are drawn by name; the rest is one. */
const NEIGHBOURS = 7;
const compares = () => get('compare') != 'none';

export const drawPage = (page, about) => [
  totals(),
  trend(about),
  flow(page),
  h('div.two', {},
    h('div.stack', {}, scrolled(), releases(about), events()),
    h('div.stack', {}, stuck())),
  map(page, about),
];

function totals() {
  return panel({
    bare: true,
    asks: () => ({ pages: request('pages/pages'), depths: request('pages/depths', {}, { without: ['release'] }) }),
    empty: () => false,
    draw: (body, { pages, depths }) => {
      const row = pages.rows.find(({ views }) => views !== null) ?? {};
      const deep = depths.rows[0] ?? {};
      const rate = (key, of) => (row[`views${of}`] ? row[`${key}${of}`] / row[`views${of}`] : null);
      const card = (label, key, more = {}) => numberCard({ label, value: row[key] ?? 0, before: row[`${key}_before`], ...more });
      body.append(numbers(
        card(t('measure.views'), 'views', { better: 'more' }),
        card(t('measure.visitors'), 'visitors', { better: 'more' }),
        card(t('measure.engaged_ms_per_view'), 'engaged_ms_per_view', { unit: 'ms', better: 'more', help: t('pages.help.engaged') }),
        card(t('measure.entries'), 'entries'),
        numberCard({ label: t('pages.exitRate'), unit: '0 to 1', better: 'less', value: rate('exits', ''), before: rate('exits', '_before'), help: t('pages.help.exits') }),
        numberCard({ label: t('pages.depth'), unit: '0 to 1', better: 'more', value: deep.depth ?? null, before: deep.depth_before, help: t('pages.help.depth') }),
        numberCard({ label: t('measure.conversions'), better: 'more', value: deep.conversions ?? 0, before: deep.conversions_before, help: t('help.conversions') })));
    },
  });
}

function trend({ releases: marks }) {
  return panel({
    title: t('pages.trend'),
    asks: () => ({ now: request('pages/pages', { by: 'day', compare: null }), before: compares() ? request('pages/pages', { by: 'day', compare: null, shift: 'before' }) : null }),
    empty: ({ now }) => !now.rows.length,
    draw: (body, { now, before }) => {
      const times = daysBetween(now.receipt.parameters.start, now.receipt.parameters.end);
      const series = [{ name: t('measure.views'), values: valuesAt(times, now.rows, 'day', 'views') }];
      if (before) {
        const earlier = daysBetween(before.receipt.parameters.start, before.receipt.parameters.end);
        series.push({ name: t('overview.before'), values: valuesAt(earlier, before.rows, 'day', 'views'), before: true });
      }
      return chart(body, {
        name: t('pages.trend'), label: t('pages.trend'), rows: now.rows, columns: now.columns, receipt: now.receipt, height: 220,
        option: (colour) => timeOption(colour, { times, series, releases: marks, format: number }),
      });
    },
  });
}

/* Where from and where to. */

function flow(page) {
  return panel({
    title: t('pages.flow'),
    asks: () => request('pages/flow', { compare: null }),
    draw: (body, { rows, columns, receipt }) => {
      const sides = { from: few(rows, 'from'), to: few(rows, 'to') };
      // Names of both sides may be the same page; a mark that is not shown keeps them apart.
      const id = (side, label) => `${side} ${label}`;
      const here = id('at', page);
      const nodes = [here, ...['from', 'to'].flatMap((side) => sides[side].map(({ label }) => id(side, label)))];
      const links = [
        ...sides.from.map(({ label, views }) => ({ source: id('from', label), target: here, value: views })),
        ...sides.to.map(({ label, views }) => ({ source: here, target: id('to', label), value: views }))];
      const plain = (name) => name.slice(name.indexOf(' ') + 1);
      chart(body, {
        name: t('pages.flow'), label: t('pages.flowLabel', { page }), rows, columns, receipt, height: 300,
        onclick: ({ name }) => follow(plain(name ?? ''), sides),
        option: (colour) => ({
          tooltip: { formatter: ({ data, value, name }) => (data.source ? `${plain(data.source)} → ${plain(data.target)}\n${t('measure.views')}  ${number(value)}` : `${plain(name)}\n${t('measure.views')}  ${number(value)}`) },
          series: [{
            type: 'sankey', left: 4, right: 4, top: 8, bottom: 8, nodeWidth: 12, nodeGap: 10, draggable: false, layoutIterations: 0,
            emphasis: { focus: 'adjacency' },
            data: nodes.map((name) => ({
              name, itemStyle: { color: name == here ? colour.accent : name.startsWith('from') ? colour.series[4] : colour.series[1] },
              label: { position: name.startsWith('to') ? 'left' : name == here ? 'inside' : 'right', show: name != here },
            })),
            links,
            lineStyle: { color: 'gradient', opacity: 0.28, curveness: 0.5 },
            label: { color: colour.ink, fontSize: 12, overflow: 'truncate', width: body.clientWidth < 600 ? 104 : 220, formatter: ({ name, value }) => `${plain(name)}  ${number(value)}` },
          }],
        }),
      });
      body.append(h('div.two.steps', {}, ['from', 'to'].map((side) => table({
        rows: sides[side], label: t(`pages.${side}`), first: NEIGHBOURS + 1,
        columns: [
          { key: 'label', label: t(`pages.${side}`), bar: 'views', cell: ({ label, page: other }) => (other ? h('a', { href: href('pages', { page: other }) }, label) : label) },
          { key: 'views', label: t('measure.views'), number: true },
          { key: 'share', label: t('pages.share'), number: true, unit: '0 to 1' }],
      }))));
    },
  });
}

/** The commonest neighbours of a side, with words, and the rest as one. */
function few(rows, side) {
  const own = rows.filter(({ direction }) => direction == side);
  const whole = own.reduce((sum, { views }) => sum + views, 0);
  const words = ({ other, source }) => other ?? (side == 'to' ? t('pages.end') : t('pages.began', { source: named('source', source) }));
  const first = own.slice(0, NEIGHBOURS).map((row) => ({ label: words(row), page: row.other, views: row.views, share: row.views / whole }));
  const rest = own.slice(NEIGHBOURS);
  const left = rest.reduce((sum, { views }) => sum + views, 0);
  return rest.length ? [...first, { label: t('pages.others', { count: rest.length }), page: null, views: left, share: left / whole }] : first;
}

function follow(label, sides) {
  const found = [...sides.from, ...sides.to].find((one) => one.label == label && one.page);
  if (found) document.querySelector(`.steps a[href="${CSS.escape(href('pages', { page: found.page }))}"]`)?.click();
}

/* How far it is seen. */

function scrolled() {
  return panel({
    title: t('pages.scroll'),
    asks: () => request('pages/scroll', { compare: null }),
    empty: ({ account }) => !account.views,
    draw: (body, { rows, columns, receipt }) => chart(body, {
      name: t('pages.scroll'), label: t('pages.scrollLabel'), rows, columns, receipt, height: 220,
      option: (colour) => ({
        grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
        tooltip: { trigger: 'axis', formatter: ([point]) => `${percent(rows[point.dataIndex].depth, 0)}\n${percent(point.value)}` },
        xAxis: { type: 'category', data: rows.map(({ depth }) => percent(depth, 0)), axisTick: { show: false }, axisLine: { lineStyle: { color: colour.line } }, axisLabel: { color: colour.soft, interval: 4 } },
        yAxis: { type: 'value', min: 0, max: 1, splitLine: { lineStyle: { color: colour.line } }, axisLabel: { color: colour.soft, formatter: (value) => percent(value, 0) } },
        series: [{ type: 'bar', data: rows.map(({ share }) => share), barCategoryGap: '12%', itemStyle: { color: colour.series[0], borderRadius: [3, 3, 0, 0] } }],
      }),
    }),
  });
}

/* What the newest release changed. */

function releases({ releases: noted }) {
  const newest = noted.at(-1);
  if (!newest) {
    return panel({ title: t('pages.releases'), asks: () => '#', empty: () => true, draw: () => {}, nothing: t('pages.noRelease'), command: 'logdig release NAME' });
  }
  return panel({
    title: t('pages.releases'),
    note: t('pages.release', { name: newest.name }),
    asks: () => request('pages/changes', { compare: null, since: newest.day }, { without: ['release'] }),
    nothing: t('pages.noChange'),
    draw: (body, { rows }) => body.append(table({
      rows, label: t('pages.releases'), first: 6,
      columns: [
        { key: 'selector', label: t('pages.element'), cell: ({ selector, flagged }) => h('span', {}, h('code', {}, selector), flagged && h('span.tag', {}, t('pages.flagged'))) },
        { key: 'before_share', label: t('pages.before'), number: true, unit: '0 to 1' },
        { key: 'after_share', label: t('pages.after'), number: true, unit: '0 to 1' },
        { key: 'difference', label: t('pages.difference'), number: true, text: ({ difference }) => t('number.points', { points: number(difference * 100, 1) }) }],
    })),
  });
}

function events() {
  return panel({
    title: t('pages.events'),
    asks: () => request('pages/page_events'),
    nothing: t('pages.noEvents'),
    draw: (body, { rows }) => body.append(table({ rows, label: t('pages.events'), columns: [
      { key: 'name', label: t('overview.event'), bar: 'events' }, { key: 'events', label: t('measure.events'), number: true, before: compares() },
      { key: 'visitors', label: t('measure.visitors'), number: true }] })),
  });
}

function stuck() {
  return panel({
    title: t('pages.stuck'),
    asks: () => request('pages/frustration', { compare: null }),
    nothing: t('pages.noStuck'),
    draw: (body, { rows }) => body.append(table({ rows, label: t('pages.stuck'), columns: [
      { key: 'kind', label: t('pages.element'), cell: ({ kind, selector }) => h('span', {}, t(`pages.kind.${kind}`), ' ', selector && h('code', {}, selector)) },
      { key: 'times', label: t('pages.times'), number: true }, { key: 'visitors', label: t('measure.visitors'), number: true },
      { key: 'share', label: t('pages.share'), number: true, unit: '0 to 1' },
      { key: 'sessions', label: t('pages.examples'), unsorted: true, cell: ({ sessions }) => h('span', {}, (sessions ?? []).flatMap((session, place) => [' ', h('a', { href: href('sessions', { session, page: null }) }, number(place + 1))])) }] })),
  });
}

function map(page, about) {
  const title = h('div.head', {}, h('h2', {}, t('pages.map')), h('div.tools', {}, h('a', { href: href('map', { page }) }, t('pages.openMap'))));
  const made = h('section', { 'aria-label': t('pages.map') }, title);
  drawMap(made, { page, about });
  return made;
}
