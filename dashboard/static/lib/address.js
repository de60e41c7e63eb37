// Everything that is chosen lives in the address line: page, app, days, filters, and what a page adds.

const PERIOD = ['period', 'from', 'to', 'compare'];
const KEPT = ['app', ...PERIOD, 'lang', 'theme'];
const listeners = new Set();
let known = [];
let applied = [];
let asks = {};

/** Name of the page that is shown; the first page of the menu has the address `/`. */
export const pageName = () => location.pathname.split('/')[1] || 'overview';

/** A parameter's value, or what is usual. */
export const get = (name, usual = '') => new URLSearchParams(location.search).get(name) ?? usual;

/** Filters of the address line as [name, value]; those that the page cannot apply, too. */
export const filters = () => [...new URLSearchParams(location.search)].filter(([name]) => isFilter(name));

const isFilter = (name) => known.includes(name.split('.')[0]);

/** Whether the page that is shown applies a filter. */
export const applies = (name) => applied.includes(name.split('.')[0]);

/** Says which filters there are, which of them the page applies, and which each of its questions. */
export function setFilters(all, { filters: ofPage = [], asks: ofQuestions = {} } = {}) {
  known = all;
  applied = ofPage;
  asks = ofQuestions;
}

/** Filters of an address of the page that its question cannot apply; the server would refuse them. */
export function refused(address) {
  const { pathname, searchParams } = new URL(address, location.origin);
  const [, , page, question] = pathname.split('/');
  const can = page == pageName() && asks[question];
  return can ? [...searchParams.keys()].filter((name) => isFilter(name) && !can.includes(name.split('.')[0])) : [];
}

/**
 * Changes parameters: `change({ device: 'mobile', tab: null })`; null and '' remove one.
 * A filter with the value '' asks for what has none: give it as `change({ country: NONE })`.
 */
export function change(values, { replace = false } = {}) {
  go(href(pageName(), values), { replace });
}

/** Value of a filter that asks for rows without any. */
export const NONE = Symbol('none');

/** Address of a page with all that is chosen now, and with changes; `own` keeps the page's own parameters. */
export function href(page, values = {}, { own = page == pageName() } = {}) {
  const asked = new URLSearchParams(location.search);
  for (const name of [...asked.keys()]) if (!own && !KEPT.includes(name) && !isFilter(name)) asked.delete(name);
  for (const [name, value] of Object.entries(values)) {
    if (value === NONE) asked.set(name, '');
    else if (value === null || value === undefined || value === '') asked.delete(name);
    else asked.set(name, value);
  }
  const text = asked.toString();
  return `/${page == 'overview' ? '' : page}${text && `?${text}`}`;
}

/** Goes to an address of the dashboard without loading the document again. */
export function go(address, { replace = false } = {}) {
  if (address == location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  tell();
}

/** Calls a function whenever the address line changes; with an element, as long as that is in the page. */
export const onChange = (listener, element) => listeners.add({ listener, element, seen: false });

function tell() {
  for (const one of listeners) {
    if (one.element?.isConnected) one.seen = true;
    if (one.seen && !one.element.isConnected) listeners.delete(one);
    else one.listener();
  }
}
addEventListener('popstate', tell);

/**
 * Address of JSON with what is chosen: `request('pages/pages', { by: 'release' })`.
 * App, days, comparison and the filters that the page applies go with it; `without` leaves filters out, `filtered: false`
 * all of them, and a value of null any parameter.
 */
export function request(path, values = {}, { without = [], filtered = true } = {}) {
  const asked = new URLSearchParams();
  for (const name of ['app', ...PERIOD]) if (get(name)) asked.set(name, get(name));
  if (!get('compare')) asked.set('compare', 'before');
  for (const [name, value] of filters()) if (filtered && applies(name) && !without.includes(name)) asked.set(name, value);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) asked.delete(name);
    else asked.set(name, value);
  }
  return `/data/${path}?${asked}`;
}
