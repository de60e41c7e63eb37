// Sessions one by one; with one chosen, what happened in it, in order. Nothing is replayed: it is a list of what was sent.

import { change, filters, get, href, request } from '/static/lib/address.js';
import { files } from '/static/lib/chart.js';
import { h, icon, safeLink } from '/static/lib/element.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { duration, moment, named, number, percent, t } from '/static/lib/words.js';

const EFFECTS = ['changed', 'scrolled', 'navigated', 'hidden', 'input'];
/** Parameters of the address line that only this page knows. */
const OWN = ['visitor', 'element'];

export const view = () => get('session', '');

export function draw(main) {
  if (get('session')) main.append(...one());
  else main.append(listed());
}

/* All sessions. */

function listed() {
  const chosen = OWN.filter((name) => get(name)).map((name) =>
    h('button.quiet', { type: 'button', onclick: () => change({ [name]: null }), title: t('sessions.all') },
      t(`sessions.only.${name}`, { value: get(name) }), ' ×'));
  return panel({
    title: t('sessions.title'),
    tools: chosen,
    asks: () => request('sessions/list', { compare: null, visitor: get('visitor', '') || null, element: get('element', '') || null }),
    nothing: t('sessions.none'),
    draw: (body, { rows, columns, receipt, account }) => {
      if (account.sessions > rows.length) body.append(h('p.soft', {}, t('sessions.newest', { shown: rows.length, count: account.sessions })));
      body.append(table({
        rows, first: 50, label: t('sessions.title'),
        onrow: ({ session_id: session }) => change({ session }), rowLabel: ({ began_at }) => t('sessions.open', { time: moment(began_at) }),
        columns: [
          { key: 'began_at', label: t('sessions.began'), text: ({ began_at }) => moment(began_at) },
          { key: 'entry_page', label: t('filter.entry_page') },
          { key: 'source', label: t('filter.source') },
          { key: 'device', label: t('filter.device'), text: ({ device, browser }) => [named('device', device), browser].filter(Boolean).join(', ') },
          { key: 'country', label: t('filter.country'), text: ({ country }) => named('country', country) },
          { key: 'views', label: t('measure.views'), number: true },
          { key: 'engaged_ms', label: t('sessions.engaged'), number: true, unit: 'ms' },
          { key: 'goals', label: t('sessions.goals'), text: ({ goals }) => (goals ?? []).join(', ') },
          { key: 'bursts', label: t('sessions.bursts'), number: true, help: t('sessions.help.bursts') },
          { key: 'dead_clicks', label: t('sessions.dead'), number: true, help: t('sessions.help.dead') },
        ],
      }));
      body.append(files(body, { name: t('sessions.title'), rows, columns: columns.map(({ name }) => name), receipt }));
    },
  });
}

/* One session. */

function one() {
  const session = get('session');
  return [
    h('div.title', {}, h('a.quiet', { href: href('sessions', { session: null }) }, icon('back'), t('sessions.back'))),
    panel({
      title: t('sessions.one'),
      asks: () => request('sessions/one', { session, compare: null }, { without: filters().map(([name]) => name) }),
      empty: () => false,
      draw: (body, { session: about, steps }) => {
        body.append(facts(about), h('p.soft', {}, t('sessions.noReplay')), timeline(steps.rows, about));
        body.append(files(body, { name: t('sessions.one'), rows: steps.rows, columns: steps.columns.map(({ name }) => name), receipt: steps.receipt }));
      },
    }),
  ];
}

function facts(about) {
  const people = (about.customer_ids ?? []).map((id) => t('sessions.customer', { id }));
  const told = [
    moment(about.began_at), named('device', about.device), about.browser, about.system, named('country', about.country), about.source,
    about.campaign, ...people,
  ].filter(Boolean);
  return h('div.told', {},
    h('p', {}, told.join(' · ')),
    about.user_key && h('p', {}, h('a', { href: href('sessions', { session: null, visitor: about.user_key }) }, t('sessions.ofVisitor'))),
    numbers(
      numberCard({ label: t('measure.views'), value: about.views }),
      numberCard({ label: t('sessions.engaged'), unit: 'ms', value: about.engaged_ms }),
      numberCard({ label: t('sessions.bursts'), value: about.bursts, help: t('sessions.help.bursts') }),
      numberCard({ label: t('sessions.dead'), value: about.dead_clicks, help: t('sessions.help.dead') }),
      numberCard({ label: t('measure.conversions'), value: (about.goals ?? []).length })));
}

function timeline(rows, { began_at: began }) {
  const start = Date.parse(began);
  return h('ol.timeline', {}, rows.map((row) => {
    const after = Math.max(0, Date.parse(row.occurred_at) - start);
    return h(`li.step${row.kind == 'page' ? '.view' : ''}`, {},
      h('time', { datetime: row.occurred_at, title: moment(row.occurred_at) }, `+${duration(after)}`),
      h('div', {}, said(row), marks(row)));
  }));
}

/** What happened, in a line. */
function said(row) {
  const label = h('strong', {}, t(`sessions.kind.${row.kind}`));
  const parts = {
    page: () => [h('a', { href: href('pages', { page: row.page, session: null }) }, row.page ?? t('value.none')), row.title && h('span.soft', {}, row.title), spent(row)],
    click: () => [element(row), row.link && link(row.link), h('span.soft', {}, followed(row))],
    submit: () => [element(row)],
    custom: () => [h('code', {}, row.name), props(row.props)],
    ad: () => [h('code', {}, row.name), row.action],
    listen: () => [h('code', {}, row.name)],
    identify: () => [h('code', {}, row.name ?? '')],
  }[row.kind]?.() ?? [];
  return h('span.said', {}, label, parts.filter(Boolean).flatMap((part) => [' ', part]));
}

const element = ({ selector, tag }) => (selector || tag ? h('code', {}, selector ?? tag) : h('span.soft', {}, t('sessions.noElement')));

/** Where a click leads; of an element without an address the tracker names its kind and classes, which say nothing here. */
function link(address) {
  const target = safeLink(address);
  return target ? h('a', { href: target, rel: 'noreferrer', target: '_blank' }, `→ ${address}`) : null;
}

const spent = ({ engaged_ms, depth_share }) => h('span.soft', {}, [
  engaged_ms !== null && t('sessions.used', { time: duration(engaged_ms) }),
  depth_share !== null && t('sessions.seen', { share: percent(depth_share, 0) }),
].filter(Boolean).join(' · '));

function followed(row) {
  const came = EFFECTS.filter((name) => row[`${name}_ms`] !== null && row[`${name}_ms`] !== undefined);
  if (came.length) return came.map((name) => t(`sessions.after.${name}`, { ms: number(row[`${name}_ms`]) })).join(', ');
  return row.watched_ms ? t('sessions.nothing', { time: duration(row.watched_ms) }) : '';
}

/** Pairs of an own event's properties; as a map they come as an object or as a list of pairs. */
const props = (values) => {
  const pairs = Array.isArray(values) ? values : Object.entries(values ?? {});
  return pairs.length ? h('span.soft', {}, pairs.map(([name, value]) => `${name} = ${value}`).join(', ')) : null;
};

function marks(row) {
  const shown = [
    row.rage && h('span.mark.bad', { title: t('sessions.help.bursts') }, t('sessions.mark.rage')),
    row.dead && h('span.mark.bad', { title: t('sessions.help.dead') }, t('sessions.mark.dead')),
    ...(row.goals ?? []).map((goal) => h('span.mark.good', {}, t('sessions.mark.goal', { goal }))),
  ].filter(Boolean);
  return shown.length ? h('span.marks', {}, shown) : null;
}
