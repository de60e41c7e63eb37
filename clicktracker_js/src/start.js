/** Starts once, by `init`, and runs calls as commands. Calls made earlier are queued. */

import { apiUrl } from './address.js';
import { watchClicks } from './click.js';
import { commands } from './commands.js';
import { config } from './config.js';
import { readConsent } from './consent.js';
import { context } from './context.js';
import { watchEngagement } from './engagement.js';
import { attempt, on } from './lib/attempt.js';
import { watchLifecycle } from './lifecycle.js';
import { DECIDE_MS } from './limits.js';
import { loadPart, setPartLoader } from './loader.js';
import { openPage, watchAddress } from './page.js';
import { readIdentity } from './recorder.js';
import { sendSoon } from './transport.js';
import { warn } from './warn.js';

/**
 * Call back once, within a second, whatever the start or a part waits for.
 * @param {(answer: object) => void} callback
 * @returns {(answer?: object) => void} takes the answer
 */
const answerInTime = (callback) => {
  /** @type {any} */
  let resolve;
  new Promise((resolved) => setTimeout((resolve = resolved), DECIDE_MS))
    .then((answer) => callback(/** @type {object} */ (answer) || { decision: 'suppress', reason: 'timeout' }))
    .catch((error) => warn('decide', error));
  return resolve;
};

/**
 * @param {(name: string) => Promise<{run: (...values: any[]) => any}>} load imports a part
 * @returns {(call: any[]) => void} runs a call: the command's name, then its values
 */
export const start = (load) => {
  /** @type {any[][] | null} calls before the first page view; null afterwards */
  let queued = [];
  /** What was stored about consent and visitor before the first queued call changed it. @type {unknown[] | undefined} */
  let before;

  setPartLoader((name, ...values) =>
    load(name)
      .then(({ run }) => run(context, ...values))
      .catch((error) => warn(name, error)),
  );

  /** Only the first call counts. @param {Record<string, any>} options */
  const init = ({ token, endpoint, consent, respectGpc, dashboard, ...options }) => {
    if (config.token) return;
    config.token = '';
    if (!token || !endpoint) throw Error('token or endpoint is missing');
    Object.assign(config, { token: '' + token, api: apiUrl(endpoint), dashboard });
    const all = consent == 'all';
    // Here and not in the part `options`, so that an answer can be stored before it has come.
    if (consent) config.consent = { analytics: all, ads: all };
    if (/false/.test(respectGpc)) config.isBlocked = () => false;
    // The part warns of other values.
    if (consent && !all && consent != 'ask') options.consent = consent;
    if (respectGpc != null) options.respectGpc = respectGpc;
    if (Object.keys(options)[0]) loadPart('options', options, listen, loadPart);
    else listen();
  };

  /**
   * Listen at once, or when a prerendered page is shown. The first access to storage is slow, so the first page view
   * begins in a task of its own, unless an event comes earlier.
   */
  const listen = () => {
    if (/** @type {any} */ (document).prerendering) return on(document, 'prerenderingchange', listen);
    watchEngagement();
    watchAddress();
    watchClicks(ensureOpen);
    watchLifecycle(ensureOpen);
    // Of no window but those that a dashboard has opened for its map.
    if (/^logdig-map/.test(window.name)) loadPart('overlay', commands.staff);
    setTimeout(() => attempt(ensureOpen, warn));
  };

  /** Begin the first page view, once, then run the queued calls. */
  const ensureOpen = () => {
    if (!queued) return;
    const calls = queued;
    queued = null;
    readConsent(before?.[0]);
    readIdentity(before?.[1]);
    openPage();
    calls.forEach(run);
    sendSoon();
  };

  /** @param {any[]} call */
  const run = (call) => {
    /** @type {any} */
    let name;
    attempt(
      () => {
        let [command, first, ...rest] = call;
        name = command;
        if (name == 'init') return init(first.token ? first : { token: first, ...rest[0] });
        if (name == 'decide') rest = [answerInTime(rest[0])];
        if (!queued) return commands[name](first, ...rest);
        // Stored at once, in case the page goes; it holds when the call's turn comes.
        if (config.token && /^(consent|opt|identify)/.test(name)) {
          before ||= [readConsent(), readIdentity()];
          first = commands[name](first) ?? first;
        }
        queued.push([name, first, ...rest]);
      },
      (error) => warn(name, error),
    );
  };
  return run;
};
