/** The script for a tag: takes over the calls that the stub queued, and starts by the tag's attributes or by `init`. */

import { config } from './config.js';
import { PAUSE_MS } from './limits.js';
import { loadPart } from './loader.js';
import { start } from './start.js';

/** @type {any} */
const browser = window;
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
/** Parts have the script's own name: `mine.js` finds `mine.options.js`. */
const base = (script?.src || './clicktracker.js').replace('clickTracker.js', 'clicktracker.js').replace(/(\.js)?([?#].*)?$/, '');
/** @type {any[][]} */
const queued = browser.logdig?.q || [];

// A second copy of the script leaves the first one alone.
if (Array.isArray(queued)) {
  const run = start((name) => import(`${base}.${name}.js`));
  browser.logdig = (/** @type {any[]} */ ...call) => run(call);
  // Code that kept a reference to the stub still reaches us.
  browser.logdig.q = { push: run };
  if (script?.dataset.token) run(['init', { ...script.dataset }]);
  // The part says so.
  else setTimeout(() => config.token === undefined && loadPart('debug'), PAUSE_MS);
  queued.forEach(run);
}
