// A panel: a part of a page that asks, waits, draws, and says what is wrong and which command helps.

import { onChange, pageName } from './address.js';
import { ask, forget } from './ask.js';
import { h } from './element.js';
import { t } from './words.js';

const live = new Set();

/**
 * Makes a panel.
 * @param {object} options
 * @param {string} [options.title] words, not a key
 * @param {string} [options.note] a sentence under the title
 * @param {Element[]} [options.tools] controls beside the title
 * @param {() => (string | Record<string, string> | null)} options.asks address, or addresses by name, made of the address
 *   line by `request`; it is called after every change of the address line, and other addresses are asked anew. Among
 *   named ones null is not asked, nor is a text that begins with `#`: it stands for something else that is drawn
 * @param {(body: Element, answer: any) => void} options.draw fills the empty body; gets an answer, or answers by name
 * @param {(answer: any) => boolean} [options.empty] whether there is nothing to draw; usually: no rows
 * @param {string} [options.nothing] sentence of the empty state
 * @param {string} [options.command] command that fills it
 * @param {number} [options.every] milliseconds after which it asks again by itself
 * @param {boolean} [options.bare] no frame and no title
 * @returns {HTMLElement}
 */
export function panel({ title, note, tools = [], asks, draw, empty = isEmpty, nothing, command, every, bare }) {
  const body = h('div.body');
  const head = title && h('div.head', {}, h('h2', {}, title), h('div.tools', {}, tools));
  const made = h(bare ? 'section.bare' : 'section.card', { 'aria-label': title }, !bare && head, note && h('p.note', {}, note), body);
  let shown = null;
  let number = 0;

  const load = async (again = false) => {
    const asked = asks();
    const key = JSON.stringify(asked);
    if (asked === null || (key == shown && !again)) return;
    shown = key;
    const own = ++number;
    made.setAttribute('aria-busy', 'true');
    if (!body.childElementCount) body.replaceChildren(waiting());
    try {
      const answer = await read(asked, again);
      if (own != number) return;
      body.classList.remove('stale');
      body.replaceChildren();
      if (answer?.receipt?.data_until === null) body.append(blank(t('state.noTables'), 'logdig jobs run all'));
      else if (empty(answer)) body.append(blank(nothing, command));
      else draw(body, answer);
    } catch (error) {
      if (own != number) return;
      shown = null;
      if (!('status' in error)) console.error(error);
      const old = again && body.querySelector(':scope > :not(.state, .wait)');
      if (old) body.classList.add('stale');
      else body.replaceChildren(trouble(error, () => load(true)));
    } finally {
      if (own == number) made.removeAttribute('aria-busy');
    }
  };

  const entry = { made, load, every, page: pageName(), last: performance.now() };
  live.add(entry);
  queueMicrotask(load);
  return made;
}

async function read(asked, fresh) {
  if (typeof asked == 'string') return ask(asked, { fresh });
  const found = await Promise.all(Object.entries(asked).map(async ([name, address]) => [name, address?.startsWith('/') ? await ask(address, { fresh }) : null]));
  return Object.fromEntries(found);
}

const isEmpty = (answer) => Array.isArray(answer?.rows) && !answer.rows.length;

/** Lines that stand for what is on its way. */
export const waiting = () => h('div.wait', { 'aria-hidden': 'true' }, [60, 85, 40, 70].map((width) => h(`i.w${width}`)));

/** The empty state: what is missing, and the command that helps. */
export const blank = (sentence = t('state.empty'), command) =>
  h('div.state', {}, h('p', {}, sentence), command && commandLine(command));

/** A command to copy. */
export const commandLine = (command) => h('p.command', {}, t('state.run'), ' ', h('code', {}, command));

/** The error state: what is wrong in words, the command that helps, and another try. */
export function trouble(error, retry) {
  if (error.cannot?.length) {
    const names = error.cannot.map((name) => t(`filter.${name.split('.')[0]}`)).join(', ');
    return h('div.state.off', {}, h('p', {}, t('state.cannot', { filters: names })));
  }
  const status = error.status ?? 500;
  const kind = status == 0 ? 'away' : status == 503 ? 'store' : status == 401 || status == 403 ? 'access' : status < 500 ? 'refused' : 'fault';
  const commands = { away: 'logdig dashboard', store: 'logdig status', access: 'logdig share create' };
  return h(
    'div.state.wrong',
    { role: 'alert' },
    h('p', {}, t(`state.${kind}`)),
    status != 0 && error.message && h('p.detail', {}, error.message),
    commands[kind] && commandLine(commands[kind]),
    h('button.quiet', { type: 'button', onclick: retry }, t('state.again')),
  );
}

// Panels of a page that is about to leave ask nothing more.
onChange(() => each(({ load, page }) => page == pageName() && load()));

/** Asks everything again, since the tables have changed. */
export function refreshAll() {
  forget();
  each(({ load }) => load(true));
}

function each(act) {
  for (const entry of live) {
    if (entry.made.isConnected) act(entry);
    else live.delete(entry);
  }
}

setInterval(() => {
  if (document.hidden) return;
  each((entry) => {
    if (entry.every && performance.now() - entry.last >= entry.every) {
      entry.last = performance.now();
      entry.load(true);
    }
  });
}, 1000);
