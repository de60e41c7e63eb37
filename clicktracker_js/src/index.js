/**
 * The script as it runs on a page: takes over the stub's queue, starts by its own attributes or by `init`, and turns
 * every later call into a command.
 */

import { watchClicks } from './click.js';
import { commands } from './commands.js';
import { readConfig } from './config.js';
import { readConsent } from './consent.js';
import { watchLifecycle } from './lifecycle.js';
import { page } from './page.js';
import { setUpRecorder } from './recorder.js';
import { sendSoon, sendWhenFull } from './transport.js';

/** @type {any} */
const browser = window;
const attributes = /** @type {HTMLElement} */ (document.currentScript)?.dataset;
const stub = browser.logdig;

/** @type {ArrayLike<any>[] | null} calls before `init`; null afterwards */
let early = stub?.q || [];

/** The first one counts. @param {Record<string, any>} options */
const init = (options) => {
  if (!early) return;
  readConfig(options);
  readConsent();
  setUpRecorder(sendWhenFull);
  page();
  watchClicks();
  watchLifecycle();
  sendSoon();
  const calls = early;
  early = null;
  calls.forEach(run);
};

/** @param {ArrayLike<any>} call a command's name and what it takes */
const run = (call) => {
  const [name, first, ...rest] = Array.from(call);
  try {
    if (name == 'init') init(first.token ? first : { token: first, ...rest[0] });
    else if (early) early.push(call);
    else commands[name](first, ...rest);
  } catch (error) {
    console.warn('logdig: ' + name, error);
  }
};

// A second copy of the script leaves the first one alone.
if (Array.isArray(early)) {
  browser.logdig = (/** @type {any[]} */ ...call) => run(call);
  // Who kept the stub still reaches us.
  browser.logdig.q = { push: run };
  const initial = attributes?.token ? ['init', attributes] : early.find((call) => call[0] == 'init');
  if (initial) run(initial);
}
