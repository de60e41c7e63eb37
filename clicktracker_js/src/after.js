/** What follows a click, and how soon: whether it was a dead or an angry one is decided later, from many. */

import { SETTLED_MS } from './limits.js';
import { fresh } from './recorder.js';

/** @typedef {'mutation_ms' | 'scroll_ms' | 'navigated_ms'} Effect */

/** @type {MutationObserver} */
let observer;

/** @param {Effect} effect that is seen now; clicks that are not stored yet await it */
export const noteEffect = (effect) => {
  for (const { ripe, own } of fresh) {
    const left = ripe - performance.now();
    if (own.after && left > 0) own.after[effect] ??= Math.round(SETTLED_MS - left);
  }
};

/** @returns {Record<Effect, number | null>} is filled in until the event is stored; null = did not happen */
export const awaitEffects = () => {
  observer ||= new MutationObserver(() => {
    noteEffect('mutation_ms');
    // Nothing is watched that nobody awaits.
    if (!fresh.some(({ own }) => own.after)) observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  return { mutation_ms: null, scroll_ms: null, navigated_ms: null };
};
