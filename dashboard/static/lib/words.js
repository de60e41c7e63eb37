// Words of the chosen language, and numbers, days and durations as people of it read them.

let catalogue = {};
let language = 'en';
let zone = 'UTC';
export const LANGUAGES = { en: 'English', ko: '한국어' };

/** Reads the catalogue of the language in the address line, else of the browser, else English. */
export async function loadWords(asked) {
  const wanted = [asked, ...navigator.languages.map((one) => one.split('-')[0])];
  language = wanted.find((one) => one in LANGUAGES) ?? 'en';
  catalogue = await (await fetch(`/static/words/${language}.json`)).json();
  document.documentElement.lang = language;
}

/** The app's time zone; every time that is shown is of it. */
export const setZone = (name) => { zone = name; };
export const zoneName = () => zone;
export const languageName = () => language;

/**
 * Words by their key: `t('pages.title')`, `t('table.all', { count: 3 })`. `{count}` is filled in, numbers as numbers of
 * the language. A key that is missing shows itself.
 */
export function t(key, values = {}) {
  const found = key.split('.').reduce((part, name) => part?.[name], catalogue);
  if (typeof found != 'string') return key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value == 'number' ? number(value) : String(value);
  });
}

/** Words for a stored value, where the catalogue has them: `named('device', 'mobile')`; else the value itself. */
export function named(filter, value) {
  if (value === null || value === undefined || value === '') return t('value.none');
  const kind = filter.split('.')[0];
  if (kind == 'country') return display('region', value);
  if (kind == 'language') return display('language', value);
  const key = `value.${kind}.${value}`;
  const found = t(key);
  return found == key ? String(value) : found;
}

function display(type, value) {
  try {
    return new Intl.DisplayNames(language, { type }).of(value) ?? value;
  } catch {
    return String(value);
  }
}

const cache = new Map();
function formatter(kind, options) {
  const key = `${language} ${zone} ${kind.name} ${JSON.stringify(options)}`;
  if (!cache.has(key)) cache.set(key, new kind(language == 'en' ? 'en-GB' : language, options));
  return cache.get(key);
}

export const DASH = '–';
const known = (value) => typeof value == 'number' && Number.isFinite(value);

/** `12,345`; of a weighted count the nearest whole number. */
export const number = (value, digits = 0) =>
  known(value) ? formatter(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value) : DASH;

/** `12.3k`, for cards and axes. */
export const short = (value) =>
  known(value)
    ? formatter(Intl.NumberFormat, { notation: 'compact', maximumFractionDigits: value < 1000 ? 0 : 1 }).format(value)
    : DASH;

/** A share from 0 to 1 as `12.3 %`. */
export const percent = (share, digits = 1) =>
  known(share) ? formatter(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: digits }).format(share) : DASH;

/** Milliseconds as `1m 24s`. */
export function duration(ms) {
  if (!known(ms)) return DASH;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t('time.seconds', { s: seconds });
  if (seconds < 3600) return t('time.minutes', { m: Math.floor(seconds / 60), s: seconds % 60 });
  return t('time.hours', { h: Math.floor(seconds / 3600), m: Math.floor((seconds % 3600) / 60) });
}

/** A value by its unit, as columns of answers name them. */
export const byUnit = (value, unit) =>
  typeof value != 'number' ? (value ?? DASH) : unit == 'ms' ? duration(value) : unit == '0 to 1' ? percent(value) : number(value, value % 1 && Math.abs(value) < 100 ? 1 : 0);

/** `24 Nov` of `2026-11-24`, with the year where it is another than today's. */
export function day(text) {
  const date = new Date(`${text}T00:00:00Z`);
  const year = date.getUTCFullYear() == new Date().getUTCFullYear() ? {} : { year: 'numeric' };
  return formatter(Intl.DateTimeFormat, { day: 'numeric', month: 'short', timeZone: 'UTC', ...year }).format(date);
}

/** `Tue 24 Nov 2026` of `2026-11-24`. */
export const longDay = (text) =>
  formatter(Intl.DateTimeFormat, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${text}T00:00:00Z`),
  );

/** A moment in the app's zone: `14:05` today, else `24 Nov 14:05`. */
export function moment(time) {
  const date = new Date(time);
  const of = (options) => formatter(Intl.DateTimeFormat, { timeZone: zone, ...options }).format(date);
  const clock = of({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const days = formatter(Intl.DateTimeFormat, { timeZone: zone, dateStyle: 'short' });
  return days.format(date) == days.format(new Date()) ? clock : `${of({ day: 'numeric', month: 'short' })} ${clock}`;
}

/** How long ago a moment was: `3 min`. */
export function age(time, now = Date.now()) {
  const minutes = Math.max(0, Math.round((now - new Date(time).getTime()) / 60000));
  if (minutes < 60) return t('time.minutesOnly', { m: minutes });
  if (minutes < 48 * 60) return t('time.hoursOnly', { h: Math.round(minutes / 60) });
  return t('time.days', { d: Math.round(minutes / 1440) });
}
