// Charts: Apache ECharts in the page's colours, with their rows as CSV and as a table, and themselves as PNG.

import { h, icon } from './element.js';
import { saveCsv, savePng } from './save.js';
import { day, longDay, number, short, t } from './words.js';
import { plainTable } from './table.js';

let library = null;
/** ECharts; it is read when the first chart is drawn. */
export const echarts = () => (library ??= import('/static/vendor/echarts/echarts.js'));

/** Colours of the theme, as the browser computes them. */
export function colours() {
  const probe = document.body.appendChild(h('i.hidden'));
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ['ink', 'soft', 'faint', 'line', 'card', 'accent', 'before', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'cool', 'warm'];
  const found = Object.fromEntries(names.map((name) => [name, read(name)]));
  probe.remove();
  return { ...found, series: ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map((name) => found[name]) };
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans KR", sans-serif';
const drawn = new Set();

/**
 * Draws a chart and the menu of its files.
 * @param {Element} body where it goes
 * @param {object} options
 * @param {string} options.name of its files
 * @param {string} options.label what it shows, in one sentence, for who does not see it
 * @param {(colour: object) => object} options.option ECharts' option, made of the theme's colours; made anew when the theme changes
 * @param {any[]} options.rows that it shows
 * @param {any[]} options.columns of the rows, as answers have them, or names
 * @param {object} [options.receipt] of the answer
 * @param {number} [options.height] px
 * @param {(params: object) => void} [options.onclick] of a mark
 * @returns {Promise<object>} the ECharts instance
 */
export async function chart(body, { name, label, option, rows, columns, receipt, height = 260, onclick }) {
  const place = h('div.chart', { role: 'img', 'aria-label': label });
  place.style.height = `${height}px`;
  const figure = body.appendChild(h('figure', {}, place));
  const [{ init }] = await Promise.all([echarts(), sized(place)]);
  if (!place.isConnected) return null;
  const made = init(place, null, { renderer: 'canvas' });
  const entry = { place, made, draw: () => made.setOption(withTheme(option(colours()), colours()), { notMerge: true }) };
  entry.draw();
  drawn.add(entry);
  place.setAttribute('role', 'img');
  if (onclick) made.on('click', onclick);
  figure.append(files(figure, { name, rows, columns, receipt, made }));
  new ResizeObserver((_, watcher) => {
    if (!place.isConnected) leave(entry, watcher);
    else if (place.clientWidth) made.resize();
  }).observe(place);
  return made;
}

/** Waits until a place has a size: maps of no width fail. */
const sized = (place) =>
  new Promise((done) => {
    new ResizeObserver((_, watcher) => {
      if (place.isConnected && !place.clientWidth) return;
      watcher.disconnect();
      done();
    }).observe(place);
  });

function leave(entry, watcher) {
  watcher.disconnect();
  entry.made.dispose();
  drawn.delete(entry);
}

/** Draws every chart anew in the colours of the theme. */
export function redrawCharts() {
  for (const entry of drawn) if (entry.place.isConnected) entry.draw();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawCharts);

function withTheme(option, colour) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    color: colour.series,
    animation: !still,
    animationDuration: 250,
    textStyle: { fontFamily: FONT, color: colour.soft },
    ...option,
    // Tooltips of HTML would need inline style, which the content security policy forbids.
    tooltip: { ...tooltip(colour), ...option.tooltip },
  };
}

const tooltip = (colour) => ({
  renderMode: 'richText',
  confine: true,
  backgroundColor: colour.card,
  borderColor: colour.line,
  textStyle: { color: colour.ink, fontSize: 13, fontFamily: FONT },
});

/** PNG, CSV, and the rows as a table. */
export function files(figure, { name, rows, columns, receipt, made }) {
  const names = columns.map((column) => column.name ?? column);
  const shown = () => {
    const old = figure.querySelector(':scope > .rows');
    if (old) old.remove();
    else figure.append(h('div.rows', { tabindex: 0, role: 'group', 'aria-label': t('chart.table') }, plainTable(names, rows)));
    button.setAttribute('aria-expanded', String(!old));
  };
  const button = h('button.file', { type: 'button', 'aria-expanded': 'false', onclick: shown }, t('chart.table'));
  return h(
    'div.files',
    {},
    made && h('button.file', { type: 'button', onclick: () => savePng(name, made, colours().card) }, icon('down'), 'PNG'),
    h('button.file', { type: 'button', onclick: () => saveCsv(name, columns, rows, receipt) }, icon('down'), 'CSV'),
    button,
  );
}

/** Every day from the first to the last, both included, as `2026-11-24`. */
export function daysBetween(first, last) {
  const days = [];
  for (let time = Date.parse(first); time <= Date.parse(last); time += 86_400_000) days.push(new Date(time).toISOString().slice(0, 10));
  return days;
}

/** Values of rows at each time, in their order; where there is no row, 0 or what is given. */
export function valuesAt(times, rows, time, value, none = 0) {
  const found = new Map(rows.map((row) => [row[time], row[value]]));
  return times.map((one) => found.get(one) ?? none);
}

/** Releases within the times, each with the time at which its mark stands: the hour, day or week that holds its day. */
function marksOf(releases, times) {
  const step = times.length > 1 ? Date.parse(times[1].slice(0, 10)) - Date.parse(times[0].slice(0, 10)) : 0;
  const last = Date.parse(times.at(-1)?.slice(0, 10)) + Math.max(step - 86_400_000, 0);
  return releases
    .filter(({ day: on }) => times.length && on >= times[0].slice(0, 10) && Date.parse(on) <= last)
    .map(({ name, day: on }) => [name, times.find((time) => time.slice(0, 10) == on) ?? times.findLast((time) => time.slice(0, 10) <= on)]);
}

/**
 * Option of a line or bar chart over time.
 * @param {object} colour of the theme
 * @param {object} options
 * @param {string[]} options.times days `2026-11-24`, or hours `2026-11-24T13:00`
 * @param {{ name: string, values: (number | null)[], before?: boolean, colour?: string }[]} options.series those with
 *   `before` are of the days before
 * @param {{ name: string, day: string }[]} [options.releases] marks on the axis
 * @param {(value: number) => string} [options.format] of values
 * @param {'line' | 'bar'} [options.type]
 */
export function timeOption(colour, { times, series, releases = [], format = number, type = 'line' }) {
  const word = (time) => (time.length > 10 ? time.slice(11) : day(time));
  const marks = marksOf(releases, times);
  return {
    grid: { left: 8, right: 12, top: marks.length ? 30 : 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: times,
      boundaryGap: type == 'bar',
      axisLine: { lineStyle: { color: colour.line } },
      axisTick: { show: false },
      axisLabel: { color: colour.soft, hideOverlap: true, formatter: word },
    },
    yAxis: {
      type: 'value',
      minInterval: format == number ? 1 : undefined,
      splitLine: { lineStyle: { color: colour.line } },
      axisLabel: { color: colour.soft, formatter: format == number ? short : format },
    },
    tooltip: {
      trigger: 'axis',
      axisPointer: { lineStyle: { color: colour.faint } },
      formatter: (points) =>
        [points[0].axisValue.length > 10 ? `${longDay(points[0].axisValue.slice(0, 10))} ${points[0].axisValue.slice(11)}` : longDay(points[0].axisValue),
          ...points.map((point) => `${point.seriesName}  ${format(point.value)}`)].join('\n'),
    },
    series: series.map((one, place) => {
      const own = one.colour ?? (one.before ? colour.before : colour.series[place % colour.series.length]);
      return {
        name: one.name,
        type: one.before ? 'line' : type,
        data: one.values,
        smooth: 0,
        symbol: 'circle',
        symbolSize: 5,
        showSymbol: times.length < 2,
        lineStyle: { width: one.before ? 1.5 : 2.5, type: one.before ? [4, 4] : 'solid', color: own },
        itemStyle: { color: own, borderRadius: [3, 3, 0, 0] },
        areaStyle: type == 'line' && place == 0 && !one.before ? { color: own, opacity: 0.12 } : undefined,
        markLine: place || !marks.length ? undefined : {
          symbol: 'none',
          animation: false,
          lineStyle: { color: colour.faint, type: 'dashed' },
          label: { color: colour.soft, fontSize: 11, formatter: ({ name }) => name.slice(0, 24) },
          tooltip: { show: false },
          data: marks.map(([name, time]) => ({ name, xAxis: time })),
        },
      };
    }),
  };
}
