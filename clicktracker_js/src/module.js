/** The ES module for sites with a bundler: `import { logdig } from '...'`. Starts by `init`; the import itself does nothing. */

import { start } from './start.js';

/** @type {Record<string, () => Promise<{run: (...values: any[]) => any}>>} */
const parts = {
  debug: () => import('./parts/debug.js'),
  decide: () => import('./parts/decide.js'),
  effects: () => import('./parts/effects.js'),
  failure: () => import('./parts/failure.js'),
  experiment: () => import('./parts/experiment.js'),
  move: () => import('./parts/move.js'),
  options: () => import('./parts/options.js'),
  overlay: () => import('./parts/overlay.js'),
};

const run = start((name) => parts[name]());

export const logdig = (/** @type {any[]} */ ...call) => run(call);
