// Every panel but the heatmap's canvas: takes an answer of the server, makes nodes.

import { byId, count, day, element, levelName, percent, show } from "./words.js";

const LINES = [["page", "Page views"], ["click", "Clicks"], ["listen", "Listens"], ["ad", "Ads"]];
const HOTTEST_CELLS = 5;
const RING_LENGTH = 2 * Math.PI * 44;
const FIGURES = [
  ["error", "Error", "less is better", -1],
  ["average_precision", "Average precision", "more is better", 1],
  ["brier", "Brier score", "less is better", -1],
];

const MIXED = " Positions are means over all devices; choose one for an exact picture.";
const NO_OFFER = "No offer is configured. Write one under [[offers]] in logdig.toml to choose whom it may reach.";
const PASSED = "Tested later in time, it beats the constant on Brier score and average precision.";

let chart = null;

export function totals(answer) {
  for (const place of document.querySelectorAll("[data-total]")) {
    place.textContent = count(answer.totals[place.dataset.total]);
  }
}

export function trend(answer) {
  const lines = LINES.filter(([type]) => answer.counts[type]?.some((n) => n > 0));
  show("trend-empty", lines.length === 0);
  show("trend", lines.length > 0);
  if (lines.length === 0) return;
  const css = getComputedStyle(document.body);
  const colour = (name) => css.getPropertyValue(name).trim();
  chart ??= window.echarts.init(byId("trend"));
  chart.resize();
  chart.setOption({
    animationDuration: 300,
    aria: { enabled: true },
    textStyle: { fontFamily: css.fontFamily },
    grid: { left: 4, right: 12, top: 34, bottom: 4, outerBoundsMode: "same", containLabel: true },
    legend: {
      top: 0, left: 0, itemWidth: 12, itemHeight: 8, itemGap: 12, icon: "roundRect",
      textStyle: { color: colour("--soft") }, data: lines.map(([, name]) => name),
    },
    // richText draws the tooltip in the canvas: no markup, nothing for the content security policy to refuse.
    tooltip: {
      trigger: "axis", renderMode: "richText", backgroundColor: colour("--card"), borderColor: colour("--line"),
      textStyle: { color: colour("--ink"), fontSize: 12 }, valueFormatter: count,
      axisPointer: { lineStyle: { color: colour("--faint") } },
    },
    xAxis: {
      type: "time", axisLine: { lineStyle: { color: colour("--line") } }, axisTick: { show: false },
      axisLabel: { color: colour("--soft"), hideOverlap: true }, splitLine: { show: false },
    },
    yAxis: {
      type: "value", minInterval: 1, splitNumber: 4, axisLabel: { color: colour("--soft"), formatter: count },
      splitLine: { lineStyle: { color: colour("--line") } },
    },
    series: lines.map(([type, name]) => ({
      name, type: "line", showSymbol: false, color: colour(`--${type}`), sampling: "max", emphasis: { disabled: true },
      lineStyle: { width: 1.75 }, areaStyle: { opacity: 0.07 },
      data: answer.counts[type].map((n, i) => [(answer.start + i * answer.step) * 1000, n]),
    })),
  }, { notMerge: true });
}

export function resize() {
  chart?.resize();
}

export function mobile(answer) {
  const shares = [["listens", "Listens"], ["clicks", "Clicks"]].filter(([key]) => answer.mobile[key].whole > 0);
  show("mobile-empty", shares.length === 0);
  byId("mobile").replaceChildren(...shares.map(([key, name]) => ring(key, name, answer.mobile[key])));
}

function ring(key, name, share) {
  const part = share.part / share.whole;
  const svg = svgElement("svg", { viewBox: "0 0 104 104", role: "img", "aria-label": `${name}: ${percent(part)} on mobile` });
  const circle = { cx: 52, cy: 52, r: 44, transform: "rotate(-90 52 52)" };
  const label = svgElement("text", { x: 52, y: 60 });
  label.textContent = percent(part);
  svg.append(svgElement("circle", circle));
  if (part > 0) svg.append(svgElement("circle", { ...circle, class: "part", "stroke-dasharray": `${part * RING_LENGTH} ${RING_LENGTH}` }));
  svg.append(label);
  const words = element("p", {}, element("strong", {}, name), `${count(share.part)} of ${count(share.whole)}`);
  return element("div", { class: `ring ${key}` }, svg, words);
}

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function hottest(heat, device) {
  const cells = heat.cells.slice(0, HOTTEST_CELLS);
  byId("spots").replaceChildren(...heat.spots.map((one, i) => spot(one, place(one), String(i + 1), heat.spots[0], heat)));
  byId("hottest").replaceChildren(...cells.map((cell) => spot(cell, where(cell), "", cells[0], heat)));
  const drawn = heat.cells.reduce((sum, cell) => sum + cell.clicks, 0);
  const cut = drawn < heat.clicks ? ` The ${count(heat.cells.length)} hottest are drawn.` : "";
  byId("heat-note").textContent = `${count(heat.clicks)} clicks in ${count(heat.cell_count)} cells.${cut}${device ? "" : MIXED}`;
}

function spot(one, words, badge, first, heat) {
  return element(
    "li", { class: badge ? "spot" : "spot plain" },
    ...(badge ? [element("b", {}, badge)] : []),
    element("code", { title: words }, words),
    element("span", { class: "count" }, `${count(one.clicks)} · ${percent(one.clicks / heat.clicks, 1)}`),
    bar(one.clicks / first.clicks),
  );
}

function place(one) {
  return one.selector ?? `page at ${Math.round(one.x)}, ${Math.round(one.y)}`;
}

export function where(cell) {
  return cell.selector === null ? place(cell) : `${cell.selector}  [${cell.cell_x}, ${cell.cell_y}]`;
}

function bar(share) {
  const inner = element("i");
  inner.style.width = `${Math.max(1, share * 100)}%`;
  return element("div", { class: "track" }, inner);
}

export function targets(answer) {
  const most = Math.max(1, ...answer.levels.map((row) => row.targets));
  const nodes = answer.offers.flatMap((offer) => {
    const rows = answer.levels.filter((row) => row.offer === offer);
    if (rows.length === 0) return [];
    return [element("h3", {}, offer), element("div", { class: "levels" }, ...rows.map((row) => level(row, most)))];
  });
  byId("targets").replaceChildren(...nodes);
  show("targets-empty", nodes.length === 0);
  byId("targets-empty").textContent = answer.offers.length === 0 ? NO_OFFER : nobody(answer.models);
}

function nobody(found) {
  if (found.length === 0) return "No targets yet. A model has to pass its test first.";
  if (found.every((one) => !one.passed)) return "Nobody: the model was refused, so it may not choose people.";
  return "Nobody yet: either targets are still being chosen, or no eligible customer reaches the offer's least score.";
}

function level(row, most) {
  return element(
    "div", { class: "level" },
    element("span", {}, levelName(row.level)), bar(row.targets / most), element("span", { class: "count" }, count(row.targets)),
  );
}

export function models(answer) {
  show("model-empty", answer.models.length === 0);
  if (answer.offers.length === 0) byId("model-empty").textContent = NO_OFFER;
  byId("models").replaceChildren(...answer.models.map(model));
}

function model(row) {
  const pill = element("span", { class: `pill ${row.passed ? "yes" : "no"}` }, row.passed ? "Passed: it may choose people" : "Refused: it may choose nobody");
  // The figures at the end of the reason stand in the table below.
  const reasons = row.reason.split("; ").filter((reason) => !/^Brier \d/.test(reason));
  const rows = FIGURES.filter(([key]) => row.figures[key].constant !== null).map((figure) => figureRow(figure, row.figures));
  const made = element("article", { class: "model" }, element("div", { class: "verdict" }, element("h3", {}, row.offer), pill));
  const words = row.passed ? [PASSED] : reasons;
  made.append(element("ul", { class: "reason" }, ...words.map((reason) => element("li", {}, reason))));
  if (rows.length > 0) made.append(table(rows));
  made.append(element("p", { class: "note" }, history(row)));
  return made;
}

function table(rows) {
  const titles = ["", "Model", "Constant", "Difference"].map((title) => element("th", { scope: "col" }, title));
  return element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...rows));
}

function figureRow([key, name, hint, sign], figures) {
  const { model: ours, constant } = figures[key];
  const number = (value) => (value === null ? "–" : value.toFixed(4));
  const cells = [element("td", {}, name, element("small", {}, hint)), element("td", { class: "ours" }, number(ours)), element("td", {}, number(constant))];
  const change = ours === null || !constant ? null : ours / constant - 1;
  const tone = change === null || change === 0 ? "" : change * sign > 0 ? "better" : "worse";
  cells.push(element("td", { class: tone }, change === null ? "–" : `${change > 0 ? "+" : change < 0 ? "−" : ""}${Math.abs(change * 100).toFixed(1)} %`));
  return element("tr", {}, ...cells);
}

function history(row) {
  const trained = `Trained on ${count(row.train_rows)} customers, ${count(row.train_positives)} of whom clicked`;
  const tested = `tested on ${count(row.test_rows)}, ${count(row.test_positives)} of whom clicked`;
  const when = row.test_as_of && row.test_until ? ` from ${day(row.test_as_of)} to ${day(row.test_until)}` : "";
  return `${trained}; ${tested}${when}.`;
}
