/** The script for a tag: takes over the calls that the stub queued, and starts by the tag's attributes or by `init`. */

import { start } from './start.js';

/** @type {any} */
const browser = window;
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
const base = script?.src || location.href;
/** @type {any[][]} */
const queued = browser.logdig?.q || [];

// A second copy of the script leaves the first one alone.
if (Array.isArray(queued)) {
  const run = start((name) => import(new URL(`clicktracker.${name}.js`, base).href));
  browser.logdig = (/** @type {any[]} */ ...call) => run(call);
  // Code that kept a reference to the stub still reaches us.
  browser.logdig.q = { push: run };
  if (script?.dataset.token) run(['init', { ...script.dataset }]);
  queued.forEach(run);
}
