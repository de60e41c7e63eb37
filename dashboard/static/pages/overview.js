// The overview: how many came, from where, with what, what they did, and who is there now.

import { NONE, change, filters, get, href, request } from '/static/lib/address.js';
import { chart, daysBetween, timeOption, valuesAt } from '/static/lib/chart.js';
import { h } from '/static/lib/element.js';
import { about } from '/static/lib/frame.js';
import { numberCard } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { choose, chosenOf, tabs } from '/static/lib/tabs.js';
import { age, byUnit, named, number, percent, t } from '/static/lib/words.js';
import { mapOf } from '/static/pages/overview_map.js';

const LIVE_MS = 10_000;
/** Measures in their order: key of the answer, unit, and which direction is good. */
const MEASURES = [
  ['visitors', '', 'more'], ['sessions', '', 'more'], ['views', '', 'more'], ['bounce_rate', '0 to 1', 'less'],
  ['engaged_ms_per_session', 'ms', 'more'], ['conversions', '', 'more'], ['rate', '0 to 1', 'more'],
];
const compares = () => get('compare') != 'none';

export function draw(main, about) {
  main.append(...(about.live ? [live()] : []), cards(about), trend(about), columns([...parts(about)]), notCounted());
}

/** Two columns, the shorter parts of the right one below each other. */
const columns = ([from, what, where, used, did]) =>
  h('div.two', {}, h('div.stack', {}, part(from), part(where)), h('div.stack', {}, part(what), part(used), part(did)));

/* Who is there now. */

function live() {
  return panel({
    bare: true,
    asks: () => request('overview/live', { period: null, from: null, to: null, compare: null }, { filtered: false }),
    every: LIVE_MS,
    empty: () => false,
    draw: (body, found) => body.append(
      h('details.live', {},
        h('summary', {}, h(`i.pulse${found.visitors ? '' : '.idle'}`, { 'aria-hidden': 'true' }),
          h('strong', {}, number(found.visitors)), ' ', t('overview.live', { count: found.visitors }), bars(found.minutes),
          h('span.soft', {}, filters().length > 0 && `${t('overview.unfiltered')} · `, found.as_of ? t('overview.liveAge', { age: age(found.as_of, new Date(found.now)) }) : t('overview.liveNone'))),
        h('div.sheet', {},
          found.share < 1 && h('p', {}, t('overview.liveShare', { share: percent(found.share) })),
          h('p', {}, t('overview.liveFacts', { views: found.views, events: found.events })),
          found.pages.length > 0 && table({ rows: found.pages, onrow: ({ page }) => change({ page }), columns: [
            { key: 'page', label: t('filter.page'), bar: 'views' }, { key: 'views', label: t('measure.views'), number: true }] }),
          h('p.soft', {}, t('overview.liveNote')))),
    ),
  });
}

function bars(minutes) {
  const most = Math.max(...minutes, 1);
  return h('span.minutes', { 'aria-hidden': 'true' }, minutes.map((count) => {
    const bar = h('i');
    bar.style.height = `${Math.max(8, (100 * count) / most)}%`;
    return bar;
  }));
}

/* The numbers. */

const measure = () => (MEASURES.some(([key]) => key == get('measure')) ? get('measure') : 'visitors');

/** Addresses of the totals; those of the chosen goal beside them. */
function asked(values) {
  const goal = get('reach');
  return { all: request('overview/trend', values), goal: goal ? request('overview/trend', { ...values, goal }) : null };
}

/** Puts conversions of the chosen goal, and the share of the sessions that reach it, into the rows of all. */
function joined({ all, goal }, key) {
  const reached = new Map((goal?.rows ?? []).map((row) => [row[key], row]));
  const share = (part, whole) => (whole ? (part ?? 0) / whole : null);
  return all.rows.map((row) => {
    const own = goal ? reached.get(row[key]) : row;
    const after = goal ? { conversions: own?.conversions ?? 0, conversions_before: own?.conversions_before ?? 0 } : {};
    const rates = goal
      ? { rate: share(own?.sessions, row.sessions), rate_before: 'sessions_before' in row ? share(own?.sessions_before, row.sessions_before) : undefined }
      : {};
    return { ...row, ...after, ...rates };
  });
}

function cards({ goals }) {
  return panel({
    bare: true,
    asks: () => ({ ...asked({}), key: `#${measure()}` }),
    empty: () => false,
    draw: (body, found) => {
      const [row] = joined(found, 'none');
      const made = MEASURES.filter(([key]) => key != 'rate' || get('reach')).map(([key, unit, better]) =>
        numberCard({
          label: t(`measure.${key}`), help: t(`help.${key}`), unit, better, value: row[key], before: row[`${key}_before`],
          chosen: key == measure(), onclick: () => change({ measure: key == 'visitors' ? null : key }, { replace: true }),
        }));
      body.append(h('div.numbers', {}, made));
      if (goals.length) body.append(goalPick(goals));
    },
  });
}

function goalPick(goals) {
  const pick = (event) => change({ reach: event.target.value || null }, { replace: true });
  return h('label.goal', {}, t('overview.goal'), ' ',
    h('select', { onchange: pick }, h('option', { value: '' }, t('overview.allGoals')),
      goals.map((goal) => h('option', { value: goal, selected: goal == get('reach') }, goal))));
}

/* The trend. */

function span() {
  const days = { today: 1, yesterday: 1, '7d': 7, '28d': 28, '90d': 90, '365d': 365, month: 31, 'last-month': 31 };
  return get('from') ? (Date.parse(get('to')) - Date.parse(get('from'))) / 86_400_000 + 1 : days[get('period', '28d')];
}
// Who may see numbers only sees whole days.
const steps = () => (about.scope == 'people' ? ['hour', 'day', 'week'] : ['day', 'week']);
const usualStep = () => (span() <= 2 && steps().includes('hour') ? 'hour' : span() > 120 ? 'week' : 'day');
const step = () => get('step', usualStep());

function trend({ releases }) {
  const offered = steps().map((one) => [one, t(`step.${one}`)]);
  return panel({
    title: t('overview.trend'),
    tools: [choose('step', offered, t('overview.step'), usualStep)],
    asks: () => {
      const by = step();
      const now = asked({ by, compare: null });
      const before = compares() ? asked({ by, compare: null, shift: 'before' }) : { all: null, goal: null };
      return { ...now, allBefore: before.all, goalBefore: before.goal, key: `#${measure()}` };
    },
    empty: ({ all }) => !all.rows.length,
    draw: (body, found) => {
      const by = step();
      const key = measure();
      const [, unit] = MEASURES.find(([one]) => one == key);
      const format = (value) => byUnit(value, unit);
      const rows = joined({ all: found.all, goal: found.goal }, by);
      const times = timesOf(by, found.all.receipt.parameters, rows);
      const values = valuesAt(times, rows, by, key);
      const series = [{ name: t(`measure.${key}`), values }];
      if (found.allBefore) {
        const earlier = joined({ all: found.allBefore, goal: found.goalBefore }, by);
        const then = valuesAt(timesOf(by, found.allBefore.receipt.parameters, earlier), earlier, by, key);
        series.push({ name: t('overview.before'), values: times.map((_, place) => then[place] ?? null), before: true });
      }
      return chart(body, {
        name: `${key} by ${by}`, label: t('overview.trendLabel', { measure: t(`measure.${key}`), step: t(`step.${by}`) }),
        rows: times.map((time, place) => ({ [by]: time, [key]: values[place], ...(series[1] && { [`${key}_before`]: series[1].values[place] }) })),
        columns: [by, key, ...(series[1] ? [`${key}_before`] : [])],
        receipt: found.all.receipt,
        height: 280,
        option: (colour) => timeOption(colour, { times, series, releases, format: unit ? format : number }),
      });
    },
  });
}

/** Every hour, day or week of the asked days. Hours are those of the clock: the one that comes twice counts once. */
function timesOf(by, { start, end }, rows) {
  const days = daysBetween(start, end);
  if (by == 'day') return days;
  if (by == 'hour') {
    const last = rows.at(-1)?.hour ?? '';
    const hours = days.flatMap((day) => Array.from({ length: 24 }, (_, hour) => `${day}T${String(hour).padStart(2, '0')}:00`));
    // Hours of today that have not come are no zeros.
    return hours.filter((hour) => hour <= last || hour.slice(0, 10) < last.slice(0, 10) || hour.slice(0, 10) < end);
  }
  const monday = (day) => new Date(Date.parse(day) - ((new Date(day).getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
  return [...new Set(days.map(monday))];
}

/* Where from, what, where, with what. */

/** Parts of the page: name, and its tabs, each with how it asks and draws. */
function* parts({ goals }) {
  yield ['from', [by('channel'), by('source'), by('campaign')]];
  yield ['what', [pages(), by('entry_page'), missing()]];
  yield ['where', [countries(), regions(), by('language')]];
  yield ['with', [by('device'), by('browser'), by('system'), by('screen')]];
  yield ['did', [...(goals.length ? [reached()] : []), links('out'), links('download'), events()]];
}

function part([name, all]) {
  const choices = all.map(({ tab, label }) => [tab, label]);
  const chosen = () => all.find(({ tab }) => tab == chosenOf(`${name}_tab`, choices));
  return panel({
    title: t(`overview.${name}`),
    tools: [tabs(`${name}_tab`, choices, t(`overview.${name}`))],
    asks: () => chosen().asks(),
    empty: (answer) => chosen().empty?.(answer) ?? !answer.rows.length,
    nothing: t('state.empty'),
    draw: (body, answer) => chosen().draw(body, answer),
  });
}

const filterBy = (name) => (row) => change({ [name]: row[name] ?? NONE });
const filterWords = (name) => (row) => t('table.filter', { filter: t(`filter.${name}`), value: named(name, row[name]) });

function rowsOf(name, rows, { first = 9, views = false } = {}) {
  return table({
    rows, first, onrow: filterBy(name), rowLabel: filterWords(name), label: t(`filter.${name}`),
    columns: [
      { key: name, label: t(`filter.${name}`), text: (row) => named(name, row[name]), bar: 'visitors' },
      { key: 'visitors', label: t('measure.visitors'), number: true, before: compares() },
      views
        ? { key: 'views', label: t('measure.views'), number: true }
        : { key: 'bounce_rate', label: t('measure.bounce_rate'), number: true, unit: '0 to 1' },
      { key: 'conversions', label: t('measure.conversions'), number: true },
    ],
  });
}

/** Rows of these days; those that only the days before have tell nothing here. */
const present = (rows) => rows.filter(({ visitors }) => visitors !== null);

const by = (name) => ({
  tab: name,
  label: t(`overview.tab.${name}`),
  asks: () => request('overview/trend', { by: name }),
  empty: ({ rows }) => !present(rows).length,
  draw: (body, { rows }) => body.append(rowsOf(name, present(rows))),
});

/** Pages that were viewed; of others only sessions are known that began there. */
const viewed = (rows) => rows.filter(({ visitors }) => visitors > 0);

const pages = () => ({
  ...by('page'),
  empty: ({ rows }) => !viewed(rows).length,
  draw: (body, { rows }) => body.append(rowsOf('page', viewed(rows), { views: true }), h('a.more', { href: href('pages') }, t('overview.allPages'))),
});

const missing = () => ({
  tab: '404',
  label: t('overview.tab.404'),
  asks: () => request('overview/custom', { name: '404', by: 'property.path', compare: null }),
  empty: ({ rows }) => !rows.length,
  draw: (body, { rows }) => body.append(
    table({ rows, label: t('overview.tab.404'), columns: [
      { key: 'property.path', label: t('filter.page'), bar: 'events' }, { key: 'events', label: t('measure.events'), number: true },
      { key: 'visitors', label: t('measure.visitors'), number: true }] })),
});

const countries = () => ({
  ...by('country'),
  draw: (body, answer) => {
    mapOf(body, answer, { map: 'world', by: 'country', name: (code) => named('country', code), filter: filterBy('country') });
    body.append(rowsOf('country', present(answer.rows), { first: 5 }));
  },
});

const regions = () => ({
  ...by('region'),
  draw: (body, answer) => {
    if (get('country') == 'US') mapOf(body, answer, { map: 'states', by: 'region', name: (code) => code ?? '', filter: filterBy('region') });
    body.append(rowsOf('region', present(answer.rows), { first: 5 }));
  },
});

const links = (kind) => ({
  tab: kind,
  label: t(`overview.tab.${kind}`),
  asks: () => request('overview/links'),
  empty: ({ rows }) => !rows.some((row) => row[kind]),
  draw: (body, { rows }) => body.append(
    table({ rows: rows.filter((row) => row[kind]), first: 9, label: t(`overview.tab.${kind}`), columns: [
      { key: 'link', label: t('overview.address'), bar: 'clicks', link: (row) => row.link },
      { key: 'clicks', label: t('measure.clicks'), number: true, before: compares() }, { key: 'visitors', label: t('measure.visitors'), number: true }] })),
});

const reached = () => ({
  tab: 'goals',
  label: t('overview.tab.goals'),
  asks: () => request('overview/goals'),
  draw: (body, { rows }) => body.append(
    table({ rows, onrow: filterBy('goal'), rowLabel: filterWords('goal'), label: t('overview.tab.goals'), columns: [
      { key: 'goal', label: t('filter.goal'), bar: 'conversions' },
      { key: 'conversions', label: t('measure.conversions'), number: true, before: compares() },
      { key: 'rate', label: t('measure.rate'), number: true, unit: '0 to 1' },
      { key: 'value', label: t('measure.value'), number: true }] })),
});

const events = () => ({
  tab: 'events',
  label: t('overview.tab.events'),
  asks: () => request('overview/custom', { compare: null }),
  draw: (body, { rows }) => {
    const sums = new Map();
    for (const row of rows) sums.set(row.name, (sums.get(row.name) ?? 0) + row.events);
    const found = [...sums].map(([name, count]) => ({ name, events: count })).sort((a, b) => b.events - a.events);
    body.append(table({ rows: found, first: 9, label: t('overview.tab.events'), columns: [
      { key: 'name', label: t('overview.event'), bar: 'events' }, { key: 'events', label: t('measure.events'), number: true }] }));
  },
});

/* What is in no number above. */

function notCounted() {
  return panel({
    bare: true,
    asks: () => request('overview/traffic', { compare: null }, { filtered: false }),
    empty: () => false,
    draw: (body, { rows }) => {
      const sum = (kind, key) => rows.filter((row) => row.kind == kind).reduce((total, row) => total + (row[key] ?? 0), 0);
      body.append(h('p.aside', {}, t('overview.notCounted', { bots: sum('bots', 'views'), staff: sum('staff', 'views') }), ' ', h('a', { href: href('traffic') }, t('overview.details'))));
    },
  });
}
