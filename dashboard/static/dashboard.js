// Asks the server every few seconds and draws only what has changed.

import * as heatmap from "./heatmap.js";
import * as panels from "./panels.js";
import { ago, byId, count, element, show } from "./words.js";

const REFRESH_MS = 4000;
const DAY_MS = 24 * 3600 * 1000;

const NO_CLICKS = "No clicks yet. Click on the site: after flush, ingest and marts they are drawn here.";
const NO_HEAT = "Clicks are in, but not on the heatmap: its job has not run yet, or they came from bots or staff.";
const NO_CLICKS_HERE = "No clicks on this page by this device in these days.";

const last = {}; // text of the last answer by address and panel
let heat = null;
let lastEventAt = null;
let clicked = false;
let deviceChosen = false;
let turn = 0; // answers to earlier choices are thrown away

function chosen(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

async function ask(panel, path, parameters, draw, current) {
  const address = `${path}?${new URLSearchParams(parameters)}`;
  const answer = await fetch(address, { cache: "no-store" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(problem(answer.status, text));
  if (current !== turn || last[panel] === address + text) return;
  last[panel] = address + text;
  draw(JSON.parse(text));
}

function problem(status, text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return `the server answered ${status}`;
  }
}

function summary(answer) {
  lastEventAt = answer.last_event_at ? Date.parse(answer.last_event_at) : null;
  if (clicked !== answer.totals.clicks > 0) delete last.heat;
  clicked = answer.totals.clicks > 0;
  panels.totals(answer);
  panels.mobile(answer);
  panels.targets(answer);
  panels.models(answer);
  choosePages(answer.pages);
  chooseDevice(answer.devices);
}

// Until someone chooses, the device with the most clicks: positions of one kind of page do not mix.
function chooseDevice(devices) {
  const most = Object.entries(devices).sort((a, b) => b[1] - a[1])[0];
  if (most && !deviceChosen) byId("device").value = most[0];
}

function choosePages(pages) {
  const select = byId("page");
  const before = select.value;
  const label = (one) => `${one.page}  (${count(one.clicks)})`;
  const known = [...select.options].map((option) => option.value);
  if (pages.length === known.length && pages.every((one) => known.includes(one.page))) {
    // The same pages with other counts: an open list stays open.
    for (const one of pages) select.options[known.indexOf(one.page)].textContent = label(one);
    return;
  }
  select.replaceChildren(...pages.map((one) => element("option", { value: one.page }, label(one))));
  if (pages.some((one) => one.page === before)) select.value = before;
}

function drawHeat(answer) {
  heat = answer;
  panels.hottest(answer, byId("device").value);
  byId("address").textContent = byId("page").value;
  show("heat-controls", byId("page").value !== "");
  show("heat", answer.cells.length > 0);
  show("heat-empty", answer.cells.length === 0);
  byId("heat-empty").textContent = emptyWords();
  if (answer.cells.length > 0) heatmap.draw(byId("canvas"), answer);
}

function emptyWords() {
  if (byId("page").value) return NO_CLICKS_HERE;
  return clicked ? NO_HEAT : NO_CLICKS;
}

function heatQuestion(app) {
  const question = { app, page: byId("page").value };
  if (byId("device").value) question.device = byId("device").value;
  const days = Number(byId("span").value);
  if (days) question.start = new Date(Date.now() - (days - 1) * DAY_MS).toISOString().slice(0, 10);
  return question;
}

async function refresh() {
  const current = turn;
  const app = byId("app").value;
  try {
    await Promise.all([
      ask("summary", "data/summary", { app }, summary, current),
      ask("trend", "data/trend", { app, days: chosen("days") }, panels.trend, current),
    ]);
    await ask("heat", "data/heat", heatQuestion(app), drawHeat, current);
    state("live", lastEventAt ? `Live · last event ${ago(lastEventAt)}` : "Live · waiting for the first event");
  } catch (error) {
    state("lost", error instanceof TypeError ? "The dashboard's server does not answer; trying again" : error.message);
  }
}

function state(name, words) {
  const place = byId("state");
  place.dataset.state = name;
  place.lastElementChild.textContent = words;
}

function changed() {
  turn += 1;
  refresh();
}

function redraw() {
  panels.resize();
  if (heat?.cells.length) heatmap.draw(byId("canvas"), heat);
}

function watchPointer() {
  const canvas = byId("canvas");
  const words = byId("pointed");
  const rest = words.textContent;
  canvas.addEventListener("pointermove", (event) => {
    const cell = heatmap.at(event.offsetX, event.offsetY);
    words.textContent = cell ? `${panels.where(cell)} · ${count(cell.clicks)} clicks` : rest;
  });
  canvas.addEventListener("pointerleave", () => { words.textContent = rest; });
}

function start() {
  for (const id of ["app", "page", "device", "span"]) byId(id).addEventListener("change", changed);
  for (const input of document.querySelectorAll('input[name="days"]')) input.addEventListener("change", changed);
  for (const id of ["trend", "heat", "heat-controls"]) show(id, false);
  byId("device").addEventListener("change", () => { deviceChosen = true; });
  watchPointer();
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) redraw();
    width = document.body.clientWidth;
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    delete last.trend;
    changed();
    redraw();
  });
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  refresh();
  setInterval(() => document.hidden || refresh(), REFRESH_MS);
}

start();
