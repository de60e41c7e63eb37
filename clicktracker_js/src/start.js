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
import { loadPart, setPartLoader } from './loader.js';
import { openPage, watchAddress } from './page.js';
import { readIdentity } from './recorder.js';
import { sendSoon } from './transport.js';
import { warn } from './warn.js';

/**
 * @param {(name: string) => Promise<{run: (...values: any[]) => any}>} load imports a part
 * @returns {(call: any[]) => void} runs a call: the command's name, then its values
 */
export const start = (load) => {
  /** @type {any[][] | null} calls before the first page view; null afterwards */
  let queued = [];

  setPartLoader((name, ...values) =>
    load(name)
      .then(({ run }) => run(context, ...values))
      .catch((error) => warn(name, error)),
  );

  /** Only the first call counts. @param {Record<string, any>} options */
  const init = ({ token, endpoint, ...options }) => {
    if (config.token) return;
    if (!token || !endpoint) throw Error('token or endpoint is missing');
    Object.assign(config, { token, api: apiUrl(endpoint) });
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
    setTimeout(() => attempt(ensureOpen, warn));
  };

  /** Begin the first page view, once, then run the queued calls. */
  const ensureOpen = () => {
    if (!queued) return;
    const calls = queued;
    queued = null;
    readConsent();
    readIdentity();
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
        const [command, first, ...rest] = call;
        name = command;
        if (name == 'init') init(first.token ? first : { token: first, ...rest[0] });
        else if (queued) queued.push(call);
        else commands[name](first, ...rest);
      },
      (error) => warn(name, error),
    );
  };
  return run;
};
