/**
 * The script as it runs on a page: takes over the stub's queue, starts by its own attributes or by `init`, and turns
 * every later call into a command.
 */

import { watchClicks } from './click.js';
import { makeCommands, page } from './commands.js';
import { readConfig } from './config.js';
import { setUpConsent } from './consent.js';
import { guarded } from './guard.js';
import { watchLifecycle } from './lifecycle.js';
import { record, whenStored } from './recorder.js';
import { sendSoon, sendWhenReady, setUpTransport } from './transport.js';
import { warn } from './warn.js';

/** @type {any} */
const browser = window;
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);

/** @type {Record<string, Function> | null} */
let commands = null;

/** @type {unknown[][]} calls before `init` */
let early = [];

/** @param {Record<string, unknown>} options */
const init = (options) => {
  if (commands) return warn('init was called twice; the first one counts');
  const config = readConfig(options, document.baseURI);
  if (!config) return;
  setUpConsent(config);
  setUpTransport({ url: config.endpoint + 'v1/events', token: config.token });
  whenStored(sendWhenReady);
  commands = makeCommands(config, script);
  page();
  watchClicks(record);
  watchLifecycle(page);
  sendSoon();
  early.forEach((call) => run(...call));
};

/** @param {unknown[]} call a command's name and what it takes */
const run = guarded((...[name, ...values]) => {
  if (name == 'init') {
    const [first, options] = /** @type {any[]} */ (values);
    return init(typeof first == 'object' ? first : { token: first, ...options });
  }
  if (!commands) return early.push([name, ...values]);
  const command = commands[String(name)];
  return command ? command(...values) : warn(`there is no command "${name}"`);
});

const start = guarded(() => {
  const calls = browser.logdig?.q || [];
  browser.logdig = (/** @type {unknown[]} */ ...call) => void run(...call);
  browser.logdig.parts = {};
  // Who kept the stub still reaches us.
  browser.logdig.q = { push: (/** @type {ArrayLike<unknown>} */ call) => run(...Array.from(call)) };
  if (script?.dataset.token) init({ ...script.dataset });
  for (const call of calls) run(...call);
});

if (!browser.logdig?.parts && typeof fetch == 'function') start();
