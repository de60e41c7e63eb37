/** The map on the live page: finds the elements, follows them, and draws; what it knows came from the dashboard. */

import { afterFrame, on } from './lib/attempt.js';
import { measurer, nameOf, roleOf } from './lib/layout.js';
import { project } from './lib/project.js';
import { resolver } from './lib/resolve.js';
import { makeSheet, style } from './overlay-sheet.js';

/** @typedef {import('./parts/overlay.js').Sent} Sent */

/** Shortest time between two looks at a page that changes, and time of work in one frame, in milliseconds. */
const PAUSE_MS = 250;
const WORK_MS = 8;

/** @param {number} number */
const short = (number) => `${Math.round(number * 10) / 10}`;

export const makeMap = () => {
  const host = document.createElement('div');
  host.dataset.logdigIgnore = '';
  style(host, { all: 'initial', position: 'absolute', left: '0', top: '0', 'z-index': '2147483647', 'pointer-events': 'none' });
  const root = host.attachShadow({ mode: 'closed' });
  const sheet = makeSheet(root);
  const card = { position: 'fixed', font: '13px/1.5 sans-serif', color: '#fff', background: '#0f172a', padding: '8px 12px', 'border-radius': '8px', 'max-width': '320px' };
  const said = root.appendChild(style(document.createElement('div'), { ...card, left: '12px', bottom: '12px', 'pointer-events': 'auto' }));
  const text = said.appendChild(document.createElement('div'));
  const chosen = said.appendChild(document.createElement('select'));
  const tip = root.appendChild(style(document.createElement('div'), { ...card, display: 'none' }));
  /** @type {Sent} */
  let sent;
  /** @type {(Element | null)[]} */
  let found = [];
  /** Where they were when all was drawn. @type {(import('./lib/layout.js').Place | null)[]} */
  let places = [];
  let isWaiting = false;
  let isAnew = false;
  let turn = 0;

  /** Find elements in short pieces of work, then measure and draw. Those that stay in the page are not looked for again. */
  const look = (anew = false) => {
    const find = resolver(document);
    const own = ++turn;
    let next = 0;
    const some = () => {
      if (own != turn) return;
      for (const end = performance.now() + WORK_MS; next < sent.asked.length && performance.now() < end; next++)
        if (anew || !found[next]?.isConnected) found[next] = find(...sent.asked[next]);
      if (next < sent.asked.length) setTimeout(some);
      else draw();
    };
    some();
  };

  const mode = () => sent.modes[chosen.selectedIndex];
  const cells = () => mode().cells.map(([element, fixed, level_x, level_y, cell_x, cell_y, count]) => ({ element, fixed, level_x, level_y, cell_x, cell_y, count }));

  /** Where everything is now, by layer. @param {boolean} [moving] only what moves by itself */
  const located = (moving) => {
    const measure = measurer(window);
    const { scrollWidth, scrollHeight } = document.documentElement;
    /** @param {number} index */
    const isAsked = (index) => !moving || places[index]?.layer == 2;
    places = found.map((element, index) => (isAsked(index) ? element?.isConnected && measure(element) : places[index]) || null);
    const { points, account } = project(cells().filter(({ element }) => isAsked(element)), places, scrollWidth, scrollHeight);
    /** @type {import('./overlay-sheet.js').Area[][]} */
    const areas = [[], [], []];
    const { boxes, bands, per } = mode();
    for (const [top, height, topPx, heightPx, left, colour, label] of bands)
      areas[0].push({ box: [left, top * scrollHeight + topPx, scrollWidth, height * scrollHeight + heightPx], colour, label });
    for (const [element, colour, label] of boxes) {
      const place = isAsked(element) && places[element];
      if (place && place.seen) areas[place.layer].push({ box: place.clip || place.box, colour, label });
    }
    const layers = [0, 1, 2].map((layer) => points.filter((point) => per && point.layer == layer));
    return { points: layers, areas, account, width: scrollWidth, height: scrollHeight };
  };

  const draw = () => {
    // A page may take away what it did not put there.
    if (!host.isConnected) document.documentElement.append(host);
    if (!mode()) return;
    const { points, areas, account, width, height } = located();
    const { unit, note, per } = mode();
    account.unplaced += mode().missing;
    const counts = Object.values(account);
    const total = counts.reduce((sum, count) => sum + count, 0);
    sheet.draw({ points, areas, per, width, height });
    const parts = counts.map((count, part) => `${sent.words[part]} ${short(count)} (${short(total ? (100 * count) / total : 0)} %)`);
    // Without a unit there is no map, and the note says why.
    text.textContent = location.pathname + (unit ? `: ${short(total)} ${unit}\n${parts.join(', ')}\n` : '\n') + note;
  };

  const soon = (anew = false) => {
    isAnew ||= anew;
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      look(isAnew);
      isAnew = false;
    }, PAUSE_MS);
  };

  let isScrolling = false;
  on(window, 'scroll', () => {
    if (isScrolling) return;
    isScrolling = true;
    afterFrame(() => {
      isScrolling = false;
      sheet.fill();
      if (!places.some((place) => place?.layer == 2)) return;
      const { points, areas } = located(true);
      sheet.move(points[2], areas[2]);
    });
  });
  on(window, 'resize load transitionend animationend toggle', () => soon());
  on(chosen, 'change', draw);
  on(window, 'pointermove', (event) => {
    const element = event.composedPath().find((/** @type {any} */ one) => found.includes(one));
    const row = element && sent.told.find(([index]) => index == found.indexOf(element));
    style(tip, { display: row ? 'block' : 'none', left: event.clientX + 14 + 'px', top: event.clientY + 18 + 'px' });
    // Text, whatever the page calls its elements.
    if (row) tip.textContent = `${nameOf(element)}, ${roleOf(element)}: ${row[1]}`;
  });
  style(text, { 'white-space': 'pre-line' });
  new MutationObserver((changes) => changes.some(({ addedNodes: [added], removedNodes: [gone] }) => added != host && gone != host) && soon(true)).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  }); // prettier-ignore

  return {
    /** @param {Sent} data */
    show: (data) => {
      // At the next page of a visit the chosen mode stays.
      const at = sent ? chosen.selectedIndex : data.at;
      sent = data;
      chosen.replaceChildren(...data.modes.map(({ title }) => new Option(title)));
      chosen.selectedIndex = at;
      chosen.ariaLabel = data.words[4];
      found = [];
      look(true);
    },
  };
};
