/** The script as it runs on a page: takes over the stub's queue, and starts by its own attributes or by `init`. */

import { start } from './start.js';

/** @type {any} */
const browser = window;
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
const folder = script?.src || location.href;
/** @type {any[][]} */
const calls = browser.logdig?.q || [];

// A second copy of the script leaves the first one alone.
if (Array.isArray(calls)) {
  const run = start((part) => import(new URL(`clicktracker.${part}.js`, folder).href));
  browser.logdig = (/** @type {any[]} */ ...call) => run(call);
  // Who kept the stub still reaches us.
  browser.logdig.q = { push: run };
  if (script?.dataset.token) run(['init', { ...script.dataset }]);
  calls.forEach(run);
}
