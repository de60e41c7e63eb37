/** What follows a click, and how soon. Dead clicks and rage clicks are recognised later, from many events. */

import { attempt, on } from './lib/attempt.js';
import { afterCall } from './lib/wrap.js';
import { SETTLED_MS } from './limits.js';
import { loadPart } from './loader.js';
import { pending } from './recorder.js';

/** @typedef {'mutation_ms' | 'scroll_ms' | 'navigated_ms' | 'hidden_ms' | 'input_ms'} Effect */

/**
 * Effects by the time until they came; null = did not happen. `watched_ms` = how long they were awaited.
 * @typedef {Partial<Record<Effect | 'watched_ms', number | null>>} After
 */

/** @type {MutationObserver} */
let observer;
/** @type {Promise<any>} */
let effectsPart;

/** Note an effect on all pending clicks that have none of its kind yet. @param {Effect} effect happens now */
export const noteEffect = (effect) => {
  for (const { readyAt, part } of pending) {
    const left = readyAt - performance.now();
    if (part.after && left > 0) part.after[effect] ??= Math.round(SETTLED_MS - left);
  }
};

/** What need not be noted at once is in a part, loaded when a click is to be expected. */
const loadEffects = () => attempt(() => (effectsPart ||= loadPart('effects')));

export const watchInput = () => {
  const noteInput = () => noteEffect('input_ms');
  on(window, 'input change toggle copy', noteInput);
  // A copy by a script fires no event.
  for (const name of ['write', 'writeText']) afterCall(navigator.clipboard, name, noteInput);
  on(window, 'pointerdown keydown', loadEffects);
};

/**
 * @param {Element[]} path of the click, with the control of its label
 * @param {MouseEvent} event
 * @returns {After} filled in until the event is stored
 */
export const watchEffects = (path, event) => {
  observer ||= new MutationObserver(() => {
    noteEffect('mutation_ms');
    // Stop when no pending click needs it.
    if (!pending.some(({ part }) => part.after)) observer.disconnect();
  });
  for (const root of new Set(path.map((element) => element.getRootNode())))
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  const after = { mutation_ms: null, scroll_ms: null, navigated_ms: null };
  // By this file's clock: that of the part, or of the event, may count from another moment.
  const start = performance.now();
  loadEffects()?.then((watch) => watch?.(after, path, event, () => performance.now() - start));
  return after;
};
