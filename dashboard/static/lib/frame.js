// The frame around every page: menu, app and days, filters, and how fresh the numbers are.

import { NONE, applies, change, filters, get, go, href, onChange, pageName, request, setFilters } from './address.js';
import { ask } from './ask.js';
import { redrawCharts } from './chart.js';
import { h, icon } from './element.js';
import { commandLine, refreshAll, trouble } from './panel.js';
import { LANGUAGES, age, languageName, longDay, moment, named, number, percent, t, zoneName } from './words.js';

const LOOK_MS = 30_000;
const byId = (id) => document.getElementById(id);

/** Everything about the app that pages may want: `app`, `zone`, `today`, `goals`, `releases`, `pages`. */
export let about = null;

export async function loadAbout() {
  about = await ask(request('shell/app', { period: null, from: null, to: null, compare: null }));
  setFilters(about.filters, pageOf(pageName()));
  return about;
}

const pageOf = (name) => about.pages.find((page) => page.name == name);

/** Draws menu, bar and foot anew for the page that is shown. */
export function drawFrame() {
  setFilters(about.filters, pageOf(pageName()));
  drawMenu();
  drawBar();
  document.title = `${t(`${pageName()}.title`)} · ${about.app} · LogDig`;
}

function drawMenu() {
  const links = about.pages.filter((page) => page.listed).map(({ name }) =>
    h('a', { href: href(name), 'aria-current': name == pageName() ? 'page' : null }, t(`${name}.title`)));
  document.querySelector('.brand').href = href('overview');
  byId('menu').setAttribute('aria-label', t('frame.menu'));
  byId('menu').replaceChildren(...links);
  byId('settings').replaceChildren(
    h('label', {}, h('span.hidden', {}, t('frame.language')), picked(Object.entries(LANGUAGES), languageName(), (lang) => { change({ lang }); location.reload(); })),
    h('label', {}, h('span.hidden', {}, t('frame.theme')), picked(['auto', 'light', 'dark'].map((one) => [one, t(`frame.${one}`)]), get('theme', 'auto'), (theme) => change({ theme: theme == 'auto' ? null : theme }))));
  byId('menu').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function picked(values, chosen, onpick, more = {}) {
  return h('select', { ...more, onchange: (event) => onpick(event.target.value) }, values.map(([value, text]) => h('option', { value, selected: value == chosen }, text)));
}

function drawBar() {
  const own = get('from') ? 'own' : get('period', '28d');
  const periods = [...about.periods, 'own'].map((one) => [one, one == 'own' && get('from') ? `${longDay(get('from'))} – ${longDay(get('to'))}` : t(`period.${one}`)]);
  const pick = (period) => (period == 'own' ? askDays() : change({ period, from: null, to: null }));
  byId('bar').setAttribute('aria-label', t('frame.asked'));
  byId('bar').replaceChildren(
    h('div.chosen', {},
      about.apps.length > 1 && labelled('frame.app', picked(about.apps.map((one) => [one, one]), about.app, (app) => { go(`${location.pathname}?${new URLSearchParams({ app })}`); location.reload(); })),
      labelled('frame.period', picked(periods, own, pick)),
      labelled('frame.compare', picked([['before', t('compare.before')], ['none', t('compare.none')]], get('compare', 'before'), (compare) => change({ compare: compare == 'before' ? null : compare }))),
      h('button.quiet', { type: 'button', id: 'add', onclick: askFilter }, icon('plus'), t('filter.add')),
      h('span.zone', { title: t('frame.zoneHelp') }, zoneName()),
      h('div#fresh.fresh', { id: 'fresh' })),
    ...chips(),
  );
  drawFresh();
}

const labelled = (key, control) => h('label.pick', {}, h('span.hidden', {}, t(key)), control);

function chips() {
  const all = filters();
  return all.length ? [h('ul.chips', { 'aria-label': t('filter.active') }, all.map(([name, value]) => {
    const word = `${filterName(name)}: ${named(name, value)}`;
    const off = !applies(name);
    return h(`li.chip${off ? '.off' : ''}`, { title: off ? t('filter.cannot', { filter: filterName(name), page: t(`${pageName()}.title`) }) : null },
      h('span', {}, word),
      off && h('span.why', {}, t('filter.off')),
      h('button', { type: 'button', 'aria-label': t('filter.remove', { filter: word }), onclick: () => change({ [name]: null }) }, icon('close')));
  }), all.length > 1 && h('li', {}, h('button.quiet', { type: 'button', onclick: () => change(Object.fromEntries(all.map(([name]) => [name, null]))) }, t('filter.clear'))))] : [];
}

/** A filter's name in words; of an experiment the experiment's own name. */
export const filterName = (name) => (name.startsWith('experiment.') ? t('filter.variantOf', { name: name.slice(11) }) : t(`filter.${name}`));

function dialog(title, ...content) {
  const made = h('dialog', { 'aria-label': title, onclose: () => made.remove() },
    h('div.head', {}, h('h2', {}, title), h('button.quiet', { type: 'button', 'aria-label': t('frame.close'), onclick: () => made.close() }, icon('close'))), content);
  document.body.append(made);
  made.showModal();
  return made;
}

function askDays() {
  const first = h('input', { type: 'date', required: true, max: about.today, value: get('from', about.today) });
  const last = h('input', { type: 'date', required: true, max: about.today, value: get('to', about.today) });
  const done = (event) => {
    event.preventDefault();
    const [from, to] = [first.value, last.value].sort();
    made.close();
    change({ from, to, period: null });
  };
  const made = dialog(t('period.own'), h('form', { onsubmit: done },
    h('label', {}, t('period.from'), first), h('label', {}, t('period.to'), last), h('button.main', { type: 'submit' }, t('filter.apply'))));
  made.addEventListener('close', drawBar);
}

function askFilter() {
  const names = about.filters.map((name) => [name, applies(name) ? t(`filter.${name}`) : `${t(`filter.${name}`)} (${t('filter.off')})`]);
  const value = h('input', { type: 'text', list: 'values', autocomplete: 'off' });
  const experiment = h('label', { hidden: true }, t('filter.experimentName'), h('input', { type: 'text', name: 'experiment' }));
  const values = h('datalist', { id: 'values' });
  const none = h('input', { type: 'checkbox', onchange: () => { value.disabled = none.checked; } });
  const list = async () => {
    experiment.hidden = which.value != 'experiment';
    values.replaceChildren();
    const found = await ask(request('shell/values', { filter: which.value })).catch(() => []);
    values.replaceChildren(...found.map((one) => h('option', { value: one }, named(which.value, one))));
  };
  const which = picked(names, names.find(([name]) => applies(name))?.[0], list);
  for (const option of which.options) option.disabled = !applies(option.value);
  const done = (event) => {
    event.preventDefault();
    const own = experiment.querySelector('input').value.trim();
    if ((!value.value && !none.checked) || (which.value == 'experiment' && !own)) return;
    made.close();
    change({ [which.value == 'experiment' ? `experiment.${own}` : which.value]: none.checked ? NONE : value.value });
  };
  const made = dialog(t('filter.add'), h('form', { onsubmit: done },
    h('label', {}, t('filter.by'), which), experiment, h('label', {}, t('filter.value'), value, values),
    h('label.line', {}, none, t('filter.none')),
    h('button.main', { type: 'submit' }, t('filter.apply'))));
  list();
  value.focus();
}

let state = null;
let lost = null;

/** Looks how fresh the tables are; asks every panel again when one has changed. */
export async function look() {
  const before = state?.version;
  try {
    state = await ask(request('shell/state', { period: null, from: null, to: null, compare: null }), { fresh: true });
    lost = null;
  } catch (error) {
    lost = error;
  }
  drawFresh();
  if (before && state && before != state.version) refreshAll();
}

/** The freshness of the tables, as last seen: `data_until`, `waiting`, `ledger`; null before the first look. */
export const freshness = () => state;

function drawFresh() {
  const place = byId('fresh');
  if (!place) return;
  const details = place.querySelector('details');
  const open = details?.open;
  const kind = lost ? 'lost' : !state ? 'wait' : !state.data_until ? 'none' : stale(state) ? 'old' : 'good';
  const text = { lost: () => t('fresh.lost'), wait: () => t('fresh.wait'), none: () => t('fresh.none'), old: () => t('fresh.until', { time: moment(state.data_until) }), good: () => t('fresh.until', { time: moment(state.data_until) }) }[kind]();
  place.replaceChildren(h(`details.${kind}`, { open }, h('summary', {}, h('i.dot', { 'aria-hidden': 'true' }), text), h('div.sheet', {}, lost ? trouble(lost, look) : state && facts(kind))));
}

/** Tables are old when the daily run that is usual has been missed. */
const OLD_HOURS = 26;
const stale = ({ data_until: until, now }) => new Date(now) - new Date(until) > OLD_HOURS * 3600_000;

function facts(kind) {
  const { data_until: until, waiting, ledger } = state;
  return [
    until ? h('p', {}, t('fresh.age', { age: age(until, new Date(state.now)) })) : h('p', {}, t('fresh.noTables')),
    kind != 'good' && commandLine('logdig jobs run all'),
    waiting.length > 0 && [h('p', {}, t('fresh.waiting', { count: waiting.length })), commandLine('logdig jobs run marts --waiting')],
    ledger ? h('p', {}, t('fresh.ledger', { days: ledger.days, sent: ledger.sent, lost: percent(ledger.sent ? ledger.missing / ledger.sent : 0, 2), rejected: ledger.rejected, waiting: ledger.waiting })) : h('p', {}, t('fresh.noLedger')),
    ledger?.in_dlq > 0 && [h('p', {}, t('fresh.dlq', { count: number(ledger.in_dlq) })), commandLine('logdig dlq list')],
    pageOf('health')?.listed && h('a', { href: href('health') }, t('fresh.more')),
  ];
}

/** Follows links of the dashboard without loading the document again. */
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="/"]');
  if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute('href'));
});

document.addEventListener('keydown', (event) => {
  if (event.key == 'Escape') for (const open of document.querySelectorAll('.fresh details[open]')) open.open = false;
});

/** Looks every LOOK_MS, and when the page is seen again. */
export function keepLooking() {
  setInterval(() => document.hidden || look(), LOOK_MS);
  document.addEventListener('visibilitychange', () => document.hidden || look());
  look();
}

export function applyTheme() {
  const theme = get('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  redrawCharts();
}

onChange(applyTheme);
