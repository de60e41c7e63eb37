/** What follows a click, and how soon: whether it was a dead or an angry one is decided later, from many. */

import { SETTLED_MS } from './limits.js';

/** @typedef {'mutation_ms' | 'scroll_ms' | 'navigated_ms'} Effect */

/** @type {{at: number, after: Record<Effect, number | null>}[]} clicks whose effects are awaited, oldest first */
let awaited = [];

/** @type {MutationObserver} */
let observer;

/** @param {Effect} effect that is seen now */
export const noteEffect = (effect) => {
  for (const { at, after } of awaited) {
    const passed = Math.round(performance.now() - at);
    if (passed < SETTLED_MS) after[effect] ??= passed;
  }
};

/** @returns {Record<Effect, number | null>} is filled in as long as effects are awaited; null = did not happen */
export const awaitEffects = () => {
  const after = { mutation_ms: null, scroll_ms: null, navigated_ms: null };
  awaited.push({ at: performance.now(), after });
  observer ||= new MutationObserver(() => noteEffect('mutation_ms'));
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(() => {
    awaited.shift();
    if (!awaited[0]) observer.disconnect();
  }, SETTLED_MS);
  return after;
};
