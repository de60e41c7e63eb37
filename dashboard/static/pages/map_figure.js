// One map: tiles of the picture, tiles of colour over them, drawn when they come into view.

import { get } from '/static/lib/address.js';
import { h } from '/static/lib/element.js';
import { colourOf, heatOf } from '/static/lib/map/paint.js';
import { project } from '/static/lib/map/project.js';
import { number, t } from '/static/lib/words.js';

import { nameOf, toldOf } from './map_live.js';
import { bandsOf, css, reasonOf, scaleOf, shapesOf } from './map_shapes.js';

const PART_PX = 1000;
const MOST_PNG_PX = 16_000;

const cellsOf = (cells) => cells.map(([element, fixed, level_x, level_y, cell_x, cell_y, count]) => ({ element, fixed, level_x, level_y, cell_x, cell_y, count }));
const placesOf = (places) => places.map((place) => place && { layer: 0, seen: true, ...place });

/** Makes a map of what the server says of a view. */
export function mapFigure(view, { mode, zoom }) {
  const [width, height] = view.size;
  const places = placesOf(view.places);
  const key = (selector, link) => JSON.stringify([selector, link]);
  const byPair = new Map(view.asked.map(([selector, link], index) => [key(selector, link), places[index]]));
  const placeOf = (row) => byPair.get(key(row.selector, row.link)) ?? null;
  const moves = mode == 'movement' && view.movement?.cells && view.movement;
  const { points, account } = moves
    ? project(cellsOf(moves.cells), placesOf(moves.places), width, height)
    : project(cellsOf(view.cells), places, width, height);
  if (!moves) account.unplaced += view.without_place;
  const scale = scaleOf(mode, view);
  const boxes = boxesOf(view, mode, placeOf);
  const figure = {
    view, placeOf, account, points, scale, boxes, mode, width, height,
    unit: moves ? 'ms' : 'clicks',
    total: account.placed + account.fallback + account.hidden + account.unplaced,
  };
  const stage = h('div.map-stage', { tabindex: 0, role: 'img', 'aria-label': t('map.imageLabel', { page: view.page, width }) });
  const sheet = stage.appendChild(h('div.map-sheet'));
  const tip = h('div.map-tip', { hidden: true, role: 'status' });
  figure.made = h('div.map-figure', {}, legendOf(figure), stage, tip);
  layOut(figure, stage, sheet, zoom);
  stage.addEventListener('pointermove', (event) => tell(figure, sheet, tip, event));
  stage.addEventListener('pointerleave', () => { tip.hidden = true; });
  figure.show = ({ box }) => {
    sheet.querySelector('.map-shown')?.remove();
    const outline = sheet.appendChild(h('div.map-shown'));
    place(outline, box, figure.zoom);
    stage.scrollTo({ top: Math.max(0, box[1] * figure.zoom - 120), left: Math.max(0, box[0] * figure.zoom - 120) });
    stage.scrollIntoView({ block: 'nearest' });
    stage.focus({ preventScroll: true });
  };
  return figure;
}

function place(element, [left, top, width, height], zoom) {
  Object.assign(element.style, { left: `${left * zoom}px`, top: `${top * zoom}px`, width: `${width * zoom}px`, height: `${height * zoom}px` });
}

/** Sizes the sheet to its room, and draws each part when it comes into view. */
function layOut(figure, stage, sheet, zoom) {
  const { view, width, height } = figure;
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) { watcher.unobserve(target); drawPart(figure, target); }
  }, { root: stage, rootMargin: '600px' });
  const fit = () => {
    const room = stage.clientWidth;
    if (!room) return;
    figure.zoom = zoom == 'fit' ? Math.min(1, room / width) : Number(zoom) / 100;
    sheet.style.width = `${width * figure.zoom}px`;
    sheet.style.height = `${height * figure.zoom}px`;
    watcher.disconnect();
    sheet.replaceChildren(...tilesOf(view, figure), ...partsOf(figure, watcher));
  };
  let seen = 0;
  new ResizeObserver(() => { if (stage.clientWidth != seen) { seen = stage.clientWidth; fit(); } }).observe(stage);
}

const tileAddress = (view, tile) => `/data/map/tile?${new URLSearchParams({ ...(get('app') && { app: get('app') }), picture: view.picture.folder, tile })}`;

function tilesOf(view, { width, height, zoom, placeOf }) {
  const size = view.size[2];
  if (view.picture?.tiles)
    return Array.from({ length: view.picture.tiles }, (_, tile) => {
      const image = h('img.map-tile', { src: tileAddress(view, tile), alt: '', loading: 'lazy', decoding: 'async' });
      place(image, [0, tile * size, view.picture.width, Math.min(size, height - tile * size)], zoom);
      return image;
    });
  return view.elements.rows.slice(0, 2000).flatMap((row) => {
    const found = placeOf(row);
    if (!found) return [];
    const box = h('div.map-wire', {}, nameOf(found, row));
    place(box, found.box, zoom);
    return [box];
  });
}

function partsOf({ width, height, zoom }, watcher) {
  return Array.from({ length: Math.ceil(height / PART_PX) }, (_, part) => {
    const canvas = h('canvas.map-part', { data: { part } });
    place(canvas, [0, part * PART_PX, width, Math.min(PART_PX, height - part * PART_PX)], zoom);
    watcher.observe(canvas);
    return canvas;
  });
}

/** How much larger words are drawn on a picture that is made smaller, so that they can be read. */
const wordsOf = ({ zoom }) => Math.min(4, Math.max(1, 1 / zoom));

function drawPart(figure, canvas, words = wordsOf(figure)) {
  const top = Number(canvas.dataset.part) * PART_PX;
  const part = { left: 0, top, width: figure.width, height: Math.min(PART_PX, figure.height - top) };
  if (['clicks', 'movement'].includes(figure.mode)) {
    const { data, width, height } = heatOf(figure.points, part, figure.scale.per, figure.scale.steps);
    // Canvas pixels are the bins; the browser smooths them.
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d').putImageData(new ImageData(data, width, height), 0, 0);
    return;
  }
  canvas.width = part.width * Math.min(2, devicePixelRatio);
  canvas.height = part.height * Math.min(2, devicePixelRatio);
  const pen = canvas.getContext('2d');
  pen.scale(Math.min(2, devicePixelRatio), Math.min(2, devicePixelRatio));
  pen.translate(0, -top);
  drawShapes(figure, pen, part, words);
}

/** Boxes and bands of a part; the pen is in CSS pixels of the page. */
function drawShapes(figure, pen, { top, height }, words) {
  pen.textBaseline = 'middle';
  pen.font = `600 ${13 * words}px system-ui, sans-serif`;
  if (figure.mode == 'scroll') drawScroll(figure, pen, words);
  for (const { box, colour, badge } of figure.boxes) {
    if (box[1] > top + height + 40 * words || box[1] + box[3] < top - 40 * words) continue;
    pen.fillStyle = colour;
    pen.fillRect(...box);
    pen.strokeStyle = 'rgb(15 23 42 / 70%)';
    pen.strokeRect(box[0] + 0.5, box[1] + 0.5, Math.max(0, box[2] - 1), Math.max(0, box[3] - 1));
    if (!badge) continue;
    const width = pen.measureText(badge).width + 12 * words;
    const x = Math.max(0, Math.min(figure.width - width, box[0] + box[2] - width));
    const y = Math.max(0, box[1] - 10 * words);
    pen.fillStyle = '#0f172a';
    pen.beginPath();
    pen.roundRect(x, y, width, 20 * words, 6 * words);
    pen.fill();
    pen.fillStyle = '#fff';
    pen.fillText(badge, x + 6 * words, y + 10.5 * words);
  }
}

function drawScroll({ view, width, height }, pen, words) {
  const fold = view.scroll?.account?.fold_px;
  for (const { top, share, colour, badge } of bandsOf(view)) {
    pen.fillStyle = colour;
    pen.fillRect(0, top * height, width, share * height + 1);
    pen.fillStyle = '#0f172a';
    pen.fillText(badge, 10 * words, (top + share) * height - 10 * words);
  }
  if (!fold) return;
  pen.setLineDash([8 * words, 6 * words]);
  pen.strokeStyle = '#0f172a';
  pen.lineWidth = 2 * words;
  pen.beginPath();
  pen.moveTo(0, fold);
  pen.lineTo(width, fold);
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1;
  pen.fillStyle = '#0f172a';
  pen.fillText(t('map.fold'), 70 * words, fold - 10 * words);
}

/** The boxes of a mode that can be seen on the picture. */
function boxesOf(view, mode, placeOf) {
  return shapesOf(view, mode).flatMap((shape) => {
    const found = placeOf(shape.row);
    return found?.seen ? [{ ...shape, box: found.clip ?? found.box }] : [];
  });
}

/** What the colours mean, in numbers. */
function legendOf({ mode, scale, view }) {
  if (view[mode]?.error) return h('p.map-legend.warn', { role: 'status' }, reasonOf(view[mode]));
  const chip = (colour, text) => {
    const made = h('span.map-chip', {}, h('i', { 'aria-hidden': 'true' }), text);
    made.firstChild.style.background = colour;
    return made;
  };
  if (['clicks', 'elements', 'movement'].includes(mode))
    return h('p.map-legend', {}, h('span', {}, t(`map.legend.${mode}`)), scale.steps.map((step, index) =>
      chip(css(colourOf(step, scale.steps)), `${index == scale.steps.length - 1 ? '≥ ' : ''}${number(step, step < 1 ? 1 : 0)}`)));
  if (mode == 'releases' && !view.releases) return h('p.map-legend', {}, t('map.chooseRelease'));
  return h('p.map-legend', {}, t(`map.legend.${mode}`));
}

/** Says under the pointer what is there. */
function tell(figure, sheet, tip, event) {
  const { left, top } = sheet.getBoundingClientRect();
  const x = (event.clientX - left) / figure.zoom;
  const y = (event.clientY - top) / figure.zoom;
  let best = null;
  for (const row of figure.view.elements.rows) {
    const found = figure.placeOf(row);
    if (!found?.seen) continue;
    const [l, t0, w, h0] = found.clip ?? found.box;
    if (x < l || y < t0 || x > l + w || y > t0 + h0) continue;
    if (!best || w * h0 < best.size) best = { row, found, size: w * h0 };
  }
  tip.hidden = !best;
  if (!best) return;
  const { row, found } = best;
  tip.replaceChildren(h('strong', {}, nameOf(found, row)), h('span', {}, toldOf(row)));
  const room = tip.parentElement.getBoundingClientRect();
  tip.style.left = `${Math.min(room.width - 240, Math.max(0, event.clientX - room.left + 14))}px`;
  tip.style.top = `${event.clientY - room.top + 18}px`;
}

/** Draws maps as one PNG: the picture with what is drawn on it. */
export async function pictureOf(figures) {
  const gap = 24;
  const zoom = Math.min(1, MOST_PNG_PX / Math.max(...figures.map(({ height }) => height)));
  const whole = document.createElement('canvas');
  whole.width = (figures.reduce((sum, { width }) => sum + width + gap, 0) - gap) * zoom;
  whole.height = Math.max(...figures.map(({ height }) => height)) * zoom;
  const pen = whole.getContext('2d');
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.scale(zoom, zoom);
  for (const figure of figures) {
    const { view, width, height } = figure;
    for (let tile = 0; tile < (view.picture?.tiles ?? 0); tile++) {
      const image = new Image();
      image.src = tileAddress(view, tile);
      await image.decode();
      pen.drawImage(image, 0, tile * view.size[2], view.picture.width, Math.min(view.size[2], height - tile * view.size[2]));
    }
    for (let top = 0; top < height; top += PART_PX) {
      const canvas = h('canvas', { data: { part: top / PART_PX } });
      drawPart(figure, canvas, 1);
      pen.drawImage(canvas, 0, top, width, Math.min(PART_PX, height - top));
    }
    pen.translate(width + gap, 0);
  }
  return new Promise((done) => whole.toBlob(done, 'image/png'));
}
