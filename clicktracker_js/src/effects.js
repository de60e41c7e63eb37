/** What follows a click, and how soon. Dead clicks and rage clicks are recognised later, from many events. */

import { SETTLED_MS } from './limits.js';
import { pending } from './recorder.js';

/** @typedef {'mutation_ms' | 'scroll_ms' | 'navigated_ms'} Effect */

/** @type {MutationObserver} */
let observer;

/** Note an effect on all pending clicks that have none of its kind yet. @param {Effect} effect happens now */
export const noteEffect = (effect) => {
  for (const { readyAt, part } of pending) {
    const left = readyAt - performance.now();
    if (part.after && left > 0) part.after[effect] ??= Math.round(SETTLED_MS - left);
  }
};

/** @returns {Record<Effect, number | null>} filled in until the event is stored; null = did not happen */
export const watchEffects = () => {
  observer ||= new MutationObserver(() => {
    noteEffect('mutation_ms');
    // Stop when no pending click needs it.
    if (!pending.some(({ part }) => part.after)) observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  return { mutation_ms: null, scroll_ms: null, navigated_ms: null };
};
