// What is shown as a file: rows as CSV, pictures as PNG. Cells that a spreadsheet would compute are defused.

import { filters, get, pageName } from './address.js';

const COMPUTED = /^[=+\-@\t\r]/;

/** One cell of CSV: quoted where it must be, with ' before what a spreadsheet takes for a formula. Numbers stay numbers. */
export function cell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value == 'number' || typeof value == 'boolean') return String(value);
  const plain = Array.isArray(value) ? value.join(' ') : String(value);
  const text = COMPUTED.test(plain) ? `'${plain}` : plain;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as CSV by RFC 4180. */
export const csv = (names, rows) => [names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';

/** Saves rows of an answer; behind them stands where they come from. */
export function saveCsv(name, columns, rows, receipt) {
  const names = columns.map((column) => column.name ?? column);
  const text = csv(names, rows) + (receipt ? receiptLines(receipt) : '');
  // Spreadsheets read UTF-8 only after its mark.
  save(new Blob([`\ufeff${text}`], { type: 'text/csv' }), `${fileName(name)}.csv`);
}

function receiptLines({ parameters, tables, data_until: until, waiting, sampled, share }) {
  const where = Object.entries(parameters.where).map(([key, value]) => `${key}=${value}`).join(' ');
  const states = tables.map((one) => `${one.name} ${one.snapshot_id ?? 'none'} ${one.version ?? ''}`).join('; ');
  const lines = [
    ['app', parameters.app],
    ['days', `${parameters.start} to ${parameters.end} (${parameters.zone})`],
    ['filters', where || 'none'],
    ['tables', states],
    ['data until', until ?? 'none'],
    ['days that wait', waiting.join(' ') || 'none'],
    ['sampling', sampled || share < 1 ? `weighted, share read ${share}` : 'none'],
  ];
  return '\r\n' + lines.map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Saves a chart as it is shown, twice as fine. */
export async function savePng(name, chart, background) {
  const address = chart.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: background });
  const bytes = Uint8Array.from(atob(address.split(',')[1]), (letter) => letter.charCodeAt(0));
  save(new Blob([bytes], { type: 'image/png' }), `${fileName(name)}.png`);
}

const fileName = (name) =>
  [get('app', 'logdig'), pageName(), name, get('from') || get('period', '28d'), ...filters().map((filter) => filter.join('-'))]
    .join(' ').replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 120);

/** Hands a file to the browser. */
export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
