/** The same for sites that bundle: `import { logdig } from '...'`; starts by `init`, and can be imported anywhere. */

import { start } from './start.js';

/** @type {Record<string, () => Promise<{run: (...values: any[]) => any}>>} */
const parts = {
  debug: () => import('./parts/debug.js'),
  decide: () => import('./parts/decide.js'),
  failure: () => import('./parts/failure.js'),
  experiment: () => import('./parts/experiment.js'),
  move: () => import('./parts/move.js'),
  options: () => import('./parts/options.js'),
};

const run = start((part) => parts[part]());

export const logdig = (/** @type {any[]} */ ...call) => run(call);
