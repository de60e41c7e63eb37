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
const ZOOMS = ['fit', '50', '100', '200'];
const NEEDS = { scroll: ['scroll'], frustration: ['frustration'], releases: ['releases'] };

/** Draws the map of a page into an element. */
export function drawMap(main, { page, about }) {
  const others = comparisons(about);
  main.append(panel({
    bare: true,
    asks: () => asked(page, others),
    empty: () => false,
    draw: (body, answer) => fill(body, answer, page, about, others),
  }));
}

const mode = () => (MODES.includes(get('mode')) ? get('mode') : 'clicks');

/** What the second map may show instead: other days, devices, releases, variants. */
function comparisons(about) {
  const found = { before: { label: t('map.with.before') } };
  for (const device of ['desktop', 'tablet', 'mobile']) {
    found[device] = { label: named('device', device), values: { device, width: WIDTHS[['desktop', 'tablet', 'mobile'].indexOf(device)] } };
  }
  for (const release of (about?.releases ?? []).slice(0, 20)) {
    const name = release.name ?? release;
    found[`release:${name}`] = { label: t('map.with.release', { release: name }), values: { release: name } };
  }
  const variant = /^experiment\.(.+)=(.+)$/.exec(get('with'));
  if (variant) found[get('with')] = { label: `${variant[1]}: ${variant[2]}`, values: { [`experiment.${variant[1]}`]: variant[2] } };
  return found;
}

function asked(page, others) {
  const shared = { page, compare: 'none', mode: mode() == 'movement' ? 'movement' : null, devices: get('devices') || null };
  const values = { ...shared, width: get('width') || null, taken: get('taken') || null };
  const addresses = { first: request('map/view', values) };
  const other = others[get('with')];
  if (other) addresses.second = request('map/view', { ...shared, width: get('width') || null, ...(get('with') == 'before' ? earlier() : other.values) });
  for (const name of NEEDS[mode()] ?? []) {
    if (name == 'releases' && !get('of')) continue;
    addresses[name] = request(`map/${name}`, { page, compare: 'none', of: name == 'releases' ? get('of') : null });
  }
  return addresses;
}

/** As many days before those that are shown. */
function earlier() {
  const day = 86_400_000;
  const last = Date.parse(get('to') || new Date().toISOString().slice(0, 10));
  const count = get('from') ? (last - Date.parse(get('from'))) / day + 1 : parseInt(get('period', '28d')) || 28;
  const text = (time) => new Date(time).toISOString().slice(0, 10);
  return { from: text(last - (2 * count - 1) * day), to: text(last - count * day), period: null };
}

function fill(body, answer, page, about, others) {
  const { first, second } = answer;
  const marks = { scroll: answer.scroll, frustration: answer.frustration, releases: answer.releases };
  const list = h('div');
  const figures = [first, second].filter(Boolean).map((view) => mapFigure(view, { mode: mode(), marks, zoom: get('zoom', 'fit') }));
  body.append(
    controls(first, figures, about, others, page),
    h(second ? 'div.map-pair' : 'div', {}, figures.map((figure, number) => h('section.card', {},
      second && h('h3', {}, number ? others[get('with')].label : t('map.with.this')), notes(figure.view), accountOf(figure), figure.made))),
    list,
  );
  list.append(listOf(figures[0]));
}

function controls(view, figures, about, others, page) {
  const tabs = (name, values, chosen, label) => h('div.tabs', { role: 'group', 'aria-label': t(`map.${name}`) }, values.map((value) =>
    h('button', { type: 'button', 'aria-pressed': String(value == chosen), onclick: () => change({ [name]: value }) }, label(value))));
  const select = (name, values, chosen, label = t(`map.${name}`)) => h('label', {}, h('span', {}, label), h('select', { onchange: (event) => change({ [name]: event.target.value }) },
    values.map(([value, text]) => h('option', { value, selected: value == chosen }, text))));
  const widths = [...new Set([...WIDTHS, ...view.pictures.map((one) => one.width)])].sort((a, b) => b - a);
  const same = view.pictures.filter((one) => one.width == view.width);
  const releases = (about?.releases ?? []).map((one) => one.name ?? one);
  return h('div.map-tools', {},
    tabs('mode', MODES, mode(), (value) => t(`map.modes.${value}`)),
    tabs('width', widths, view.width, (value) => t('map.px', { width: value })),
    select('devices', [['', view.device ? named('device', view.device) : t('map.ofWidth')], ['all', t('map.all')]], get('devices')),
    select('zoom', ZOOMS.map((value) => [value, t(`map.zooms.${value}`)]), get('zoom', 'fit')),
    same.length > 1 && select('taken', same.map((one, place) => [place ? one.folder : '', moment(one.captured_at)]), get('taken'), t('map.picture')),
    mode() == 'releases' && select('of', [['', t('map.choose')], ...releases.map((one) => [one, one])], get('of')),
    select('with', [['', t('map.with.none')], ...Object.entries(others).map(([value, { label }]) => [value, label])], get('with'), t('map.beside')),
    h('div.tools', {},
      view.address && h('button.quiet', { type: 'button', onclick: (event) => live(event.currentTarget, view.address) }, icon('out'), t('map.live')),
      h('button.quiet', { type: 'button', onclick: async () => save(await pictureOf(figures), `map-${page.replace(/[^\p{L}\p{N}]+/gu, '-')}-${view.width}.png`) }, icon('down'), 'PNG'),
      h('button.quiet', { type: 'button', onclick: () => saveCsv('map', CSV, rowsOf(figures[0]), view.elements.receipt) }, icon('down'), 'CSV')));
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

function listOf(figure) {
  const after = (row) => ['changed', 'scrolled', 'navigated', 'hidden', 'input', 'dead'].filter((name) => row[name] > 0)
    .sort((a, b) => row[b] - row[a]).slice(0, 2).map((name) => `${t(`map.after.${name}`)} ${percent(row[name] / row.clicks, 0)}`).join(', ');
  const rows = rowsOf(figure);
  return h('section.card', { 'aria-label': t('map.list') }, h('div.head', {}, h('h2', {}, t('map.list'))), rows.length ? table({
    label: t('map.list'),
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
