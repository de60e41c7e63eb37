// The map of a page: controls, one map or two side by side, and the list of elements that says the same in words.

import { change, get, request } from '/static/lib/address.js';
import { h, icon } from '/static/lib/element.js';
import { commandLine, panel } from '/static/lib/panel.js';
import { save, saveCsv } from '/static/lib/save.js';
import { table } from '/static/lib/table.js';
import { moment, named, number, percent, t } from '/static/lib/words.js';

import { mapFigure, pictureOf } from './map_figure.js';
import { nameOf, openLive } from './map_live.js';
import { MODES } from './map_shapes.js';

const WIDTHS = [1440, 820, 390];
/** The device of each width. */
const DEVICES = ['desktop', 'tablet', 'mobile'];
const PLAIN = ['before', ...DEVICES];
const ZOOMS = ['fit', '50', '100', '200'];
/** Modes that need more than the clicks. */
const NEEDS = ['movement', 'scroll', 'frustration', 'releases'];

/** Draws the map of a page into an element. */
export function drawMap(main, { page, about }) {
  main.append(panel({
    bare: true,
    asks: () => asked(page),
    empty: () => false,
    draw: (body, answer) => fill(body, answer, page, about),
  }));
}

const mode = () => (MODES.includes(get('mode')) ? get('mode') : 'clicks');

/** What a map shows instead, by the value of `first` or `with`: other days, a device, a release, a variant; null = nothing. */
function instead(chosen) {
  if (chosen == 'before') return { shift: 'before' };
  if (DEVICES.includes(chosen)) return { device: chosen, devices: null, width: WIDTHS[DEVICES.indexOf(chosen)] };
  if (chosen.startsWith('release:')) return { release: chosen.slice(8) };
  const [name, variant] = variantOf(chosen);
  return variant === undefined ? null : { [name]: variant };
}

/** A variant is written `experiment.NAME=VARIANT`; the name of an experiment has no `=`. */
function variantOf(text) {
  const at = text.startsWith('experiment.') ? text.indexOf('=') : -1;
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What a map may show by itself, as `[value, words]`: releases, the newest first, and variants; `chosen` is among them. */
function choices(about, variants, chosen) {
  const found = releasesOf(about).slice(0, 20).map((name) => `release:${name}`).concat(variants.map(([name, variant]) => `experiment.${name}=${variant}`));
  if (chosen && instead(chosen) && !PLAIN.includes(chosen) && !found.includes(chosen)) found.push(chosen);
  return found.map((value) => [value, nameOfChoice(value)]);
}

function nameOfChoice(value) {
  const [experiment, variant] = variantOf(value);
  if (variant !== undefined) return t('map.with.variant', { experiment: experiment.slice(11), variant });
  if (value.startsWith('release:')) return t('map.with.release', { release: value.slice(8) });
  return value == 'before' ? t('map.with.before') : named('device', value);
}

/** Names of releases, the newest first. */
const releasesOf = (about) => (about?.releases ?? []).map((one) => one.name ?? one).toReversed();

function asked(page) {
  const needs = NEEDS.includes(mode()) && !(mode() == 'releases' && !get('of'));
  const shared = {
    page, compare: 'none', devices: get('devices') || null, width: get('width') || null,
    marks: needs ? mode() : null, of: mode() == 'releases' ? get('of') || null : null,
  };
  const addresses = { first: request('map/view', { ...shared, taken: get('taken') || null, ...instead(get('first')) }) };
  if (instead(get('with'))) addresses.second = request('map/view', { ...shared, ...instead(get('with')) });
  return addresses;
}

function fill(body, { first, second }, page, about) {
  const figures = [first, second].filter(Boolean).map((view) => mapFigure(view, { mode: mode(), zoom: get('zoom', 'fit') }));
  body.append(
    controls(first, figures, about, page),
    h(second ? 'div.map-pair' : 'div', {}, figures.map((figure, number) => h('section.card', {},
      (second || get('first')) && h('h3', {}, titleOf(get(number ? 'with' : 'first'))), notes(figure.view), accountOf(figure), figure.made))),
    ...figures.map((figure, number) => listOf(figure, second || get('first') ? `${t('map.list')}: ${titleOf(get(number ? 'with' : 'first'))}` : t('map.list'))),
  );
}

const titleOf = (chosen) => (instead(chosen) ? nameOfChoice(chosen) : t('map.with.this'));

function controls(view, figures, about, page) {
  const tabs = (name, values, chosen, label) => h('div.tabs', { role: 'group', 'aria-label': t(`map.${name}`) }, values.map((value) =>
    h('button', { type: 'button', 'aria-pressed': String(value == chosen), onclick: () => change({ [name]: value }) }, label(value))));
  const select = (name, values, chosen, label = t(`map.${name}`)) => h('label', {}, h('span', {}, label), h('select', { onchange: (event) => change({ [name]: event.target.value }) },
    values.map(([value, text]) => h('option', { value, selected: value == chosen }, text))));
  const widths = [...new Set([...WIDTHS, ...view.pictures.map((one) => one.width)])].sort((a, b) => b - a);
  const same = view.pictures.filter((one) => one.width == view.width);
  const releases = releasesOf(about);
  const single = choices(about, view.variants, get('first'));
  return h('div.map-tools', {},
    tabs('mode', MODES, mode(), (value) => t(`map.modes.${value}`)),
    tabs('width', widths, view.width, (value) => t('map.px', { width: value })),
    select('devices', [['', view.device ? named('device', view.device) : t('map.ofWidth')], ['all', t('map.all')]], get('devices')),
    select('zoom', ZOOMS.map((value) => [value, t(`map.zooms.${value}`)]), get('zoom', 'fit')),
    same.length > 1 && select('taken', same.map((one, place) => [place ? one.folder : '', moment(one.captured_at)]), get('taken'), t('map.picture')),
    mode() == 'releases' && select('of', [['', t('map.choose')], ...releases.map((one) => [one, one])], get('of')),
    single.length > 0 && select('first', [['', t('map.with.this')], ...single], get('first'), t('map.first')),
    select('with', [['', t('map.with.none')], ...PLAIN.map((value) => [value, nameOfChoice(value)]), ...choices(about, view.variants, get('with'))], get('with'), t('map.beside')),
    h('div.tools', {},
      view.address && h('button.quiet', { type: 'button', onclick: (event) => live(event.currentTarget, view.address) }, icon('out'), t('map.live')),
      h('button.quiet', { type: 'button', onclick: async () => save(await pictureOf(figures), `map-${page.replace(/[^\p{L}\p{N}]+/gu, '-')}-${view.width}.png`) }, icon('down'), 'PNG'),
      h('button.quiet', { type: 'button', onclick: () => saveCsv('map', figures[1] ? ['map', ...CSV] : CSV, figures.flatMap(csvOf), view.elements.receipt) }, icon('down'), 'CSV')));
}

async function live(button, address) {
  if (await openLive(address)) return;
  button.closest('.map-tools').append(h('p.note.warn', { role: 'status' }, t('map.noAnswer', { address })));
}

/** What a reader must know of the picture. */
function notes({ picture, fit, page }) {
  if (!picture) return h('div', {}, h('p.note', {}, t('map.wireframe')), commandLine(`logdig pages capture --top 10`));
  const told = [h('p.note', {}, t('map.taken', { time: moment(picture.captured_at) }))];
  if (picture.addresses > 1) told.push(h('p.note', {}, t('map.group', { page, address: picture.address, count: number(picture.addresses), opened: number(picture.opened) })));
  if (fit && !fit.fits) told.push(h('p.note.warn', { role: 'status' }, t('map.stale', { share: percent(fit.share, 1) })), commandLine(`logdig pages capture ${picture.address}`));
  return h('div', {}, told);
}

/** All clicks, always: placed + by place + hidden + unplaced. */
function accountOf({ account, total, unit }) {
  const parts = ['placed', 'fallback', 'hidden', 'unplaced'].map((kind) =>
    h('div', { title: t(`map.account.${kind}Help`) }, h('dt', {}, t(`map.account.${kind}`)), h('dd', {}, `${number(account[kind])} (${total ? percent(account[kind] / total, 1) : '–'})`)));
  return h('dl.map-account', {}, h('div', {}, h('dt', {}, t(`map.account.${unit}`)), h('dd', {}, number(total))), parts);
}

const CSV = ['name', 'selector', 'link', 'tag', 'state', 'clicks', 'clicks_per_100_views', 'visitors', 'share', 'low', 'high', 'changed', 'scrolled', 'navigated', 'hidden', 'input', 'dead'];

function rowsOf({ view, placeOf }) {
  return view.elements.rows.map((row) => {
    const place = placeOf(row);
    return { ...row, name: nameOf(place, row), state: place ? (place.seen ? 'placed' : 'hidden') : 'unplaced', place };
  });
}

/** Rows of a file; of two maps each says which one it is of. */
const csvOf = (figure, number) => rowsOf(figure).map((row) => ({ map: titleOf(get(number ? 'with' : 'first')), ...row }));

function listOf(figure, title) {
  const after = (row) => ['changed', 'scrolled', 'navigated', 'hidden', 'input', 'dead'].filter((name) => row[name] > 0)
    .sort((a, b) => row[b] - row[a]).slice(0, 2).map((name) => `${t(`map.after.${name}`)} ${percent(row[name] / row.clicks, 0)}`).join(', ');
  const rows = rowsOf(figure);
  return h('section.card', { 'aria-label': title }, h('div.head', {}, h('h2', {}, title)), rows.length ? table({
    label: title,
    rows,
    onrow: ({ place, selector }) => place && figure.show(place, selector),
    rowLabel: () => t('map.show'),
    columns: [
      { key: 'name', label: t('map.element') },
      { key: 'state', label: t('map.state'), text: ({ state }) => t(`map.account.${state}`) },
      { key: 'clicks', label: t('map.clicks'), number: true, bar: 'clicks' },
      { key: 'clicks_per_100_views', label: t('map.per100'), number: true, text: (row) => number(row.clicks_per_100_views, 2) },
      { key: 'share', label: t('map.share'), number: true, text: (row) => percent(row.share, 1), help: t('map.shareHelp') },
      { key: 'low', label: t('map.interval'), text: ({ low, high }) => `${percent(low, 1)} – ${percent(high, 1)}` },
      { key: 'dead', label: t('map.followed'), text: after },
    ],
  }) : h('p.note', {}, t('map.noClicks')));
}
