// Tables: sorted by a click on a head, bars behind the first number, a click on a row filters.

import { h, safeLink } from './element.js';
import { byUnit, number, percent, t } from './words.js';

const FIRST = 10;

/**
 * Makes a table. `bar` names the number that a bar behind the cell shows.
 * @param {object} options
 * @param {object[]} options.columns `{ key, label, text?: (row) => string, cell?: (row) => Node, number?: boolean, unit?: string,
 *   bar?: string, link?: (row) => string, before?: true, help?: string }`
 * @param {object[]} options.rows
 * @param {(row: object) => void} [options.onrow] called when a row's first cell is activated
 * @param {(row: object) => string} [options.rowLabel] what activating does, for who does not see it
 * @param {number} [options.first] how many rows are shown before "show all"
 * @param {string} [options.label] of the table
 */
export function table({ columns, rows, onrow, rowLabel, first = FIRST, label, sort: usual }) {
  let sorted = usual ? { ...usual } : null;
  let all = false;
  const greatest = (key) => rows.reduce((most, row) => Math.max(most, row[key] ?? 0), 0);
  const most = Object.fromEntries(columns.filter(({ bar }) => bar).map(({ bar }) => [bar, greatest(bar)]));
  const head = h('tr');
  const lines = h('tbody');
  const more = h('button.more', { type: 'button', onclick: () => { all = !all; fill(); } });
  const made = h('div.table', { tabindex: 0, role: 'group', 'aria-label': label }, h('table', {}, h('thead', {}, head), lines));

  const fill = () => {
    const shown = sorted ? rows.toSorted((a, b) => compare(a[sorted.key], b[sorted.key]) * (sorted.down ? -1 : 1)) : rows;
    lines.replaceChildren(...shown.slice(0, all ? rows.length : first).map((row) => h('tr', {}, columns.map((column, place) => cellOf(column, row, place)))));
    head.replaceChildren(...columns.map(headOf));
    more.hidden = rows.length <= first;
    more.textContent = all ? t('table.less') : t('table.all', { count: rows.length });
  };

  const headOf = (column) => {
    const direction = sorted?.key == column.key ? (sorted.down ? 'descending' : 'ascending') : null;
    const sort = () => {
      sorted = { key: column.key, down: direction ? !sorted.down : Boolean(column.number) };
      fill();
      head.querySelector('[aria-sort] button')?.focus();
    };
    return h(
      `th${column.number ? '.number' : ''}`,
      { scope: 'col', 'aria-sort': direction, title: column.help },
      column.label && !column.unsorted ? h('button.sort', { type: 'button', onclick: sort }, column.label) : (column.label || h('span.hidden', {}, t('table.blank'))),
    );
  };

  const cellOf = (column, row, place) => {
    const text = column.text ? column.text(row) : column.number ? byUnit(row[column.key], column.unit) : (row[column.key] ?? t('value.none'));
    const content = column.cell ? column.cell(row) : place == 0 && onrow
      ? h('button.row', { type: 'button', title: rowLabel?.(row), onclick: () => onrow(row) }, text)
      : text;
    const out = column.link && safeLink(column.link(row));
    const cell = h(
      place == 0 ? 'th' : `td${column.number ? '.number' : ''}`,
      place == 0 ? { scope: 'row' } : {},
      content,
      out && h('a.out', { href: out, target: '_blank', rel: 'noopener noreferrer', 'aria-label': t('table.open', { text }) }, '↗'),
      column.before && changeOf(row[column.key], row[`${column.key}_before`], column),
    );
    if (column.bar) {
      cell.classList.add('has-bar');
      const bar = cell.appendChild(h('i.share', { 'aria-hidden': 'true' }));
      bar.style.width = `${most[column.bar] ? (100 * (row[column.bar] ?? 0)) / most[column.bar] : 0}%`;
    }
    return cell;
  };

  fill();
  return h('div', {}, made, more);
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a == 'string' ? a.localeCompare(b) : a - b;
}

/**
 * How a number stands to that of the days before, as `+12 %`; a share in points.
 * @param {number} now
 * @param {number} before
 * @param {{ unit?: string, better?: 'more' | 'less' }} [options] which direction is good; none = neither
 */
export function changeOf(now, before, { unit, better } = {}) {
  if (typeof now != 'number' || typeof before != 'number') return null;
  const share = unit == '0 to 1';
  const change = share ? (now - before) * 100 : before ? (now - before) / before : null;
  if (change === null) return now ? h('span.change', {}, t('number.new')) : null;
  const rounded = share ? Math.round(change * 10) / 10 : Math.round(change * 100);
  const way = !rounded || !better ? 'same' : rounded > 0 == (better == 'more') ? 'good' : 'bad';
  const sign = rounded > 0 ? '+' : rounded < 0 ? '−' : '±';
  const text = share ? t('number.points', { points: number(Math.abs(rounded), 1) }) : percent(Math.abs(rounded) / 100, 0);
  return h(`span.change.${way}`, {}, `${sign}${text}`);
}

/** Rows as they are, for charts. */
export function plainTable(names, rows) {
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, names.map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows.slice(0, 1000).map((row) => h('tr', {}, names.map((name) => h('td', {}, typeof row[name] == 'number' ? number(row[name], 3) : String(row[name] ?? '')))))),
  );
}
