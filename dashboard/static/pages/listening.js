// Listening: how much, by whom, where, what; now, and by hour or day; down to single listens.

import { NONE, change, get, request } from '/static/lib/address.js';
import { chart, daysBetween, timeOption, valuesAt } from '/static/lib/chart.js';
import { h } from '/static/lib/element.js';
import { numberCard, numbers } from '/static/lib/number.js';
import { panel } from '/static/lib/panel.js';
import { table } from '/static/lib/table.js';
import { choose, chosenOf, tabs } from '/static/lib/tabs.js';
import { age, moment, named, number, percent, t } from '/static/lib/words.js';
import { mapOf } from '/static/pages/overview_map.js';

const LIVE_MS = 10_000;
const HOUR_MS = 3_600_000;
/** A time on one line. */
const time = (at) => moment(at).replaceAll(' ', '\u00a0');
const word = (value) => value ?? t('value.none');
const only = (name, value) => change({ [name]: value ?? NONE });
const count = (key = 'listens') => ({ key, label: t(`listening.${key}`), number: true });
const text = (key, name = key) => ({ key, label: t(`filter.${name}`) });

let seesPeople = true;

export function draw(main, about) {
  // Who may see numbers only sees whole days and no customers.
  seesPeople = about.scope == 'people';
  main.append(
    live(),
    trend(about),
    h('div.two', {}, h('div.stack', {}, states(), people()), h('div.stack', {}, tracks(), interests())),
    levels(about),
    ...(seesPeople ? [listeners(), singles()] : []),
  );
}

/** Sums of rows by the values of some keys, the greatest first. */
function grouped(rows, keys, values = ['listens', 'listeners']) {
  const found = new Map();
  for (const row of rows) {
    const name = JSON.stringify(keys.map((key) => row[key]));
    const sum = found.get(name) ?? { ...Object.fromEntries(keys.map((key) => [key, row[key]])), ...Object.fromEntries(values.map((value) => [value, 0])) };
    for (const value of values) sum[value] += row[value] ?? 0;
    found.set(name, sum);
  }
  return [...found.values()].sort((a, b) => b[values[0]] - a[values[0]]);
}

/* Now. */

function live() {
  return panel({
    title: t('listening.now'),
    note: t('listening.nowNote'),
    asks: () => request('listening/live', { period: null, from: null, to: null, compare: null }, { filtered: false }),
    every: LIVE_MS,
    empty: () => false,
    draw: (body, found) => {
      const all = found.slots.filter(({ kind }) => kind == 'all');
      const sum = (key) => all.reduce((total, row) => total + row[key], 0);
      const known = sum('listens') - sum('unknown_device');
      const regions = grouped(found.slots.filter(({ kind, region }) => kind == 'region' && region), ['region'], ['listens', 'views']);
      body.append(
        numbers(
          numberCard({ label: t('listening.listens'), value: sum('listens'), help: t('listening.nowListens') }),
          numberCard({ label: t('measure.views'), value: sum('views') }),
          numberCard({ label: t('listening.mobile_share'), value: known ? sum('mobile') / known : null, unit: '0 to 1' }),
        ),
        h('p.soft', {}, found.as_of ? t('overview.liveAge', { age: age(found.as_of, new Date(found.now)) }) : t('overview.liveNone'),
          found.share < 1 && ` · ${t('overview.liveShare', { share: percent(found.share) })}`),
        h('div.two', {},
          h('div', {}, h('h3', {}, t('listening.slots')), slotTable(all), regions.length > 0 && table({ rows: regions, first: 5, label: t('filter.region'), columns: [
            { ...text('region'), bar: 'listens' }, count(), { key: 'views', label: t('measure.views'), number: true }] })),
          found.tracks.length > 0 && h('div', {}, h('h3', {}, t('listening.topNow')), trackTable(found.tracks))),
      );
      if (found.hours.length) return lately(body.appendChild(h('div', {}, h('h3', {}, t('listening.lately')))), found.hours);
    },
  });
}

/** Listens of the last hours; it is drawn again every few seconds, and so without movement. */
function lately(place, rows) {
  const times = timesOf('hour', { rows });
  const series = ['listens', 'on_mobile', 'listeners'].map((key) => ({ name: t(`listening.${key}`), values: valuesAt(times, rows, 'hour', key) }));
  return chart(place, {
    name: 'listens of 30 hours', label: t('listening.lately'), rows, columns: ['hour', 'listens', 'on_mobile', 'listeners'], height: 200,
    option: (colour) => ({ ...withLegend(colour, timeOption(colour, { times, series, format: number })), animation: false }),
  });
}

const withLegend = (colour, option) => ({
  ...option, legend: { bottom: 0, textStyle: { color: colour.soft } }, grid: { left: 8, right: 12, top: 30, bottom: 34, containLabel: true } });

const slotTable = (rows) => table({ rows: rows.toReversed(), first: 7, label: t('listening.slots'), columns: [
  { key: 'slot_at', label: t('listening.slot'), text: ({ slot_at: at }) => time(at), bar: 'listens' },
  count(), count('listeners'), { key: 'visitors', label: t('measure.visitors'), number: true }] });

/** Tracks, each with its listens by gender. */
function trackTable(rows, onrow) {
  const genders = grouped(rows, ['gender']).map(({ gender }) => gender).slice(0, 3);
  const sums = grouped(rows, ['track_id', 'title', 'artist']);
  for (const sum of sums) for (const row of rows) if (row.track_id == sum.track_id) sum[`of ${row.gender}`] = row.listens;
  return table({ rows: sums, onrow, label: t('listening.tracks'), rowLabel: ({ track_id: id }) => t('table.filter', { filter: t('filter.track'), value: id }), columns: [
    { ...text('track_id', 'track'), text: ({ title, artist, track_id: id }) => (title ? `${title}${artist ? ` – ${artist}` : ''}` : id), bar: 'listens' },
    count(), count('listeners'),
    ...genders.filter((one) => one !== null).map((gender) => ({ key: `of ${gender}`, label: `${t('filter.gender')} ${gender}`, number: true }))] });
}

/* The trend; a brush over it chooses hours. */

const oneDay = () => ['today', 'yesterday'].includes(get('period')) || (get('from') && get('from') == get('to'));
const steps = () => (seesPeople ? ['hour', 'day'] : ['day']);
const step = () => chosenOf('step', oneDay() || get('hours') ? steps().map((one) => [one]) : [['day'], ...steps().map((one) => [one])]);

function trend({ releases }) {
  return panel({
    title: t('listening.trend'),
    note: seesPeople && t('listening.brush'),
    tools: [
      choose('split', [['none', t('listening.all')], ['send_event', t('filter.send_event')]], t('listening.split')),
      choose('step', steps().map((one) => [one, t(`step.${one}`)]), t('overview.step'), step),
    ],
    asks: () => {
      const values = { by: step(), compare: null };
      const split = get('split') == 'send_event';
      return { all: request('listening/listens', values), targets: split ? request('listening/listens', { ...values, send_event: '1' }) : null };
    },
    empty: ({ all }) => !all.rows.length,
    nothing: t('listening.none'), command: 'logdig send listens FILE',
    draw: async (body, { all, targets }) => {
      const by = step();
      const times = timesOf(by, all);
      const series = [
        { name: t('listening.listens'), values: valuesAt(times, all.rows, by, 'listens') },
        { name: t('listening.on_mobile'), values: valuesAt(times, all.rows, by, 'on_mobile') },
        { name: t('listening.listeners'), values: valuesAt(times, all.rows, by, 'listeners') },
        ...(targets ? [{ name: t('listening.of_targets'), values: valuesAt(times, targets.rows, by, 'listens') }] : []),
      ];
      const made = await chart(body, {
        name: `listens by ${by}`, label: t('listening.trendLabel'), rows: all.rows, columns: all.columns, receipt: all.receipt, height: 300,
        option: (colour) => ({
          ...withLegend(colour, timeOption(colour, { times, series, releases, format: number })),
          brush: !seesPeople ? undefined : { xAxisIndex: 0, brushType: 'lineX', brushMode: 'single', transformable: false, toolbox: [] },
        }),
      });
      if (!seesPeople) return;
      made?.dispatchAction({ type: 'takeGlobalCursor', key: 'brush', brushOption: { brushType: 'lineX', brushMode: 'single' } });
      made?.on('brushEnd', ({ areas: [area] }) => area && chooseHours(times, area.coordRange, by));
    },
  });
}

/** Puts the hours of a brush into the address line. */
function chooseHours(times, [first, last], by) {
  const [from, to] = [times[Math.max(0, first)], times[Math.min(times.length - 1, last)]];
  change({ hours: by == 'hour' ? `${from}/${to}` : `${from}T00:00/${to}T23:00` });
}

function timesOf(by, { rows, receipt }) {
  if (by == 'day') return daysBetween(receipt.parameters.start, receipt.parameters.end);
  const times = [];
  const last = Date.parse(`${rows.at(-1)[by]}Z`);
  for (let time = Date.parse(`${rows[0][by]}Z`); time <= last; time += HOUR_MS) times.push(`${new Date(time).toISOString().slice(0, 13)}:00`);
  return times;
}

/* Where. */

function states() {
  return panel({
    title: t('listening.states'),
    note: t('listening.statesNote'),
    asks: () => ({
      found: request('listening/listens', { by: 'state', compare: null }, { without: ['state', 'zip_area'] }),
      areas: get('state') ? request('listening/listens', { by: 'zip_area', compare: null }, { without: ['zip_area'] }) : null,
    }),
    empty: ({ found }) => !found.rows.length,
    draw: (body, { found, areas }) => {
      const filter = ({ state }) => only('state', state);
      const [rows, unknown] = [true, false].map((known) => found.rows.filter(({ state }) => Boolean(state) == known));
      if (areas) {
        const area = ({ zip_area: value }) => only('zip_area', value);
        body.append(table({ rows: areas.rows, first: 8, onrow: area, label: t('filter.zip_area'), columns: [
          { ...text('zip_area'), text: ({ zip_area: value }) => (value ? `${value}xx` : word(null)), bar: 'listens' }, count(), count('listeners')] }));
      } else body.append(table({ rows, first: 8, onrow: filter, label: t('listening.states'), columns: [{ ...text('state'), bar: 'listens' }, count(), count('listeners')] }));
      if (unknown.length) body.append(h('p.soft', {}, t('listening.noState', { listens: number(unknown[0].listens) })));
      return mapOf(body, { ...found, rows }, { map: 'states', by: 'state', measure: 'listens', label: t('listening.listens'), name: (code) => code, filter });
    },
  });
}

/* Who. */

/** Two of them at once: along the axis, and cut by. */
const PAIRS = { linked: ['age', 'linked_apps'], within: ['level', 'age'] };
const KINDS = ['gender', 'level', 'age', 'linked_apps', 'customer_campaign'];

function people() {
  const parts = [...KINDS.map((kind) => [kind, t(`filter.${kind}`)]), ['linked', t('listening.linkedByAge')], ['within', t('listening.ageByLevel')]];
  return panel({
    title: t('listening.people'),
    tools: [],
    asks: () => {
      const part = chosenOf('of', parts);
      return { found: request('listening/groups', { keys: PAIRS[part]?.join() ?? part, compare: null }), part: `#${part}` };
    },
    empty: ({ found }) => !found.rows.length,
    draw: (body, { found }) => {
      const part = chosenOf('of', parts);
      body.append(tabs('of', parts, t('listening.people')));
      if (PAIRS[part]) return stacked(body, found, ...PAIRS[part]);
      const rows = grouped(found.rows, [part]);
      body.append(table({ rows, label: t(`filter.${part}`), onrow: (row) => only(part, row[part]), columns: [
        { ...text(part), text: (row) => word(row[part]), bar: 'listeners' }, count('listeners'), count()] }));
    },
  });
}

/** Bars of listeners by one key, each cut by another. */
function stacked(body, { rows, columns, receipt }, along, cut) {
  const sums = grouped(rows, [along, cut], ['listeners', 'listens']);
  const places = [...new Set(sums.map((row) => word(row[along])))].sort();
  const cuts = [...new Set(sums.map((row) => word(row[cut])))].sort();
  const at = (place, one) => sums.find((row) => word(row[along]) == place && word(row[cut]) == one)?.listeners ?? 0;
  return chart(body, {
    name: `${cut} by ${along}`, label: `${t(`filter.${cut}`)}, ${t(`filter.${along}`)}`, rows: sums, columns: [along, cut, 'listeners', 'listens'], receipt, height: 260,
    option: (colour) => ({
      grid: { left: 8, right: 12, top: 12, bottom: 34, containLabel: true },
      legend: { bottom: 0, textStyle: { color: colour.soft } },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: places, axisLabel: { color: colour.soft } },
      yAxis: { type: 'value', axisLabel: { color: colour.soft }, splitLine: { lineStyle: { color: colour.line } } },
      series: cuts.map((one) => ({ name: one, type: 'bar', stack: 'all', data: places.map((place) => at(place, one)) })),
    }),
  });
}

function levels({ releases }) {
  return panel({
    title: t('listening.levels'),
    asks: () => request('listening/groups', { keys: 'level,gender', by: step(), compare: null }),
    draw: (body, answer) => {
      const by = step();
      const rows = answer.rows.toSorted((a, b) => (a[by] < b[by] ? -1 : 1));
      const times = timesOf(by, { rows, receipt: answer.receipt });
      const groups = grouped(rows, ['level', 'gender']).slice(0, 6);
      const series = groups.map(({ level, gender }) => {
        const own = grouped(rows.filter((row) => row.level === level && row.gender === gender), [by]);
        return { name: `${word(level)} · ${word(gender)}`, values: valuesAt(times, own, by, 'listens') };
      });
      return chart(body, {
        name: 'levels by gender', label: t('listening.levels'), rows, columns: answer.columns, receipt: answer.receipt,
        option: (colour) => withLegend(colour, timeOption(colour, { times, series, releases, format: number })),
      });
    },
  });
}

/* What. */

function tracks() {
  return panel({
    title: t('listening.tracks'),
    asks: () => request('listening/tracks', { compare: null }, { without: ['track'] }),
    draw: (body, { rows }) => body.append(trackTable(rows, ({ track_id: id }) => only('track', id))),
  });
}

function interests() {
  const ofPeople = [['newest', t('listening.newest')], ['customer', t('listening.byCustomer')]];
  const parts = [...(seesPeople ? ofPeople.slice(0, 1) : []), ['track', t('listening.byTrack')], ...(seesPeople ? ofPeople.slice(1) : [])];
  return panel({
    title: t('listening.interests'),
    note: t('listening.interestsNote'),
    asks: () => {
      const part = chosenOf('interest', parts);
      return { found: request(part == 'track' ? 'listening/interest_tracks' : 'listening/interests', { compare: null }, { without: OTHERS }), part: `#${part}` };
    },
    empty: () => false,
    draw: (body, { found }) => {
      const part = chosenOf('interest', parts);
      body.append(tabs('interest', parts, t('listening.interests')), found.rows.length ? interestTable(part, found.rows) : h('p.soft', {}, t('listening.noInterests')));
    },
  });
}

const OTHERS = ['level', 'state', 'zip_area', 'gender', 'age', 'linked_apps', 'customer_campaign', 'day_part', 'send_event', 'hours'];
const song = { ...text('track_id', 'track'), text: ({ title, track_id: id }) => title ?? id };
const who = { key: 'customer_id', label: t('filter.customer'), text: ({ customer_id: id, user_key: key }) => id ?? key ?? t('value.none') };
/** A column of codes' words. */
const worded = (key) => ({ ...text(key), text: (row) => word(row[key]) });
const songs = { key: 'tracks', label: t('listening.differentTracks'), number: true };
const last = { key: 'last_at', label: t('listening.last'), text: ({ last_at: at }) => time(at) };

function interestTable(part, rows) {
  if (part == 'track') return table({ rows, label: t('listening.interests'), onrow: ({ track_id: id }) => only('track', id), columns: [{ ...song, bar: 'customers' }, count('customers'), last] });
  const customer = { key: 'customer_id', label: t('filter.customer') };
  const onrow = ({ customer_id: id }) => only('customer', id);
  if (part == 'newest') return table({ rows, label: t('listening.interests'), onrow, columns: [customer, song, last] });
  const sums = grouped(rows.map((row) => ({ ...row, tracks: 1 })), ['customer_id'], ['tracks']);
  return table({ rows: sums, label: t('listening.interests'), onrow, columns: [{ ...customer, bar: 'tracks' }, songs] });
}

/* Single customers and listens. */

function listeners() {
  return panel({
    title: t('listening.listenersTop'),
    note: t('listening.listenersTopNote'),
    asks: () => request('listening/top_listeners', { compare: null }),
    draw: (body, { rows, account }) => body.append(
      h('p.soft', {}, t('listening.shownListeners', { shown: rows.length, all: account.listeners })),
      table({ rows, first: 10, label: t('listening.listenersTop'), onrow: ({ customer_id: id }) => id && only('customer', id), columns: [
        who,
        { ...count(), bar: 'listens' }, songs, last,
        worded('level'), worded('gender'), worded('age')] })),
  });
}

function singles() {
  return panel({
    title: t('listening.singles'),
    note: t('listening.singlesNote'),
    asks: () => request('listening/single_listens', { compare: null }),
    draw: (body, { rows, account }) => body.append(
      h('p.soft', {}, t('listening.shown', { shown: rows.length, all: account.listens })),
      table({ rows, label: t('listening.singles'), onrow: ({ customer_id: id }) => only('customer', id), columns: [
        who,
        { key: 'occurred_at', label: t('listening.when'), text: ({ occurred_at: at }) => time(at) },
        { ...song }, text('state'), { key: 'zip', label: t('listening.zip') },
        { key: 'mobile', label: t('listening.on_mobile'), text: ({ mobile }) => (mobile === null ? t('value.none') : t(`listening.is.${mobile}`)) },
        worded('gender'), worded('level'),
        { ...text('send_event'), text: ({ send_event: is }) => named('send_event', is) }] })),
  });
}
