/** Starts once, by `init`, and turns every call into a command; calls before that wait. */

import { apiOf } from './address.js';
import { attempt, on } from './attempt.js';
import { bring, bringBy, warn } from './bring.js';
import { watchClicks } from './click.js';
import { commands } from './commands.js';
import { config } from './config.js';
import { readConsent } from './consent.js';
import { kit } from './kit.js';
import { watchLifecycle } from './lifecycle.js';
import { openPage, watchAddress } from './page.js';
import { watchReading } from './reading.js';
import { readKnown } from './recorder.js';
import { sendSoon } from './transport.js';

/**
 * @param {(part: string) => Promise<{run: (...values: any[]) => any}>} load
 * @returns {(call: any[]) => void} what takes a command's name and values
 */
export const start = (load) => {
  /** @type {any[][] | null} calls before the start; null afterwards */
  let early = [];

  bringBy((part, ...values) =>
    load(part)
      .then(({ run }) => run(kit, ...values))
      .catch((error) => warn(part, error)),
  );

  /** The first one counts. @param {Record<string, any>} options */
  const init = ({ token, endpoint, ...options }) => {
    if (config.token) return;
    if (!token || !endpoint) throw Error('token or endpoint is missing');
    Object.assign(config, { token, api: apiOf(endpoint) });
    if (Object.keys(options)[0]) bring('options', options, begin, bring);
    else begin();
  };

  /**
   * Listen at once, or when a prerendered page is shown; the first look into storage is a task of its own, unless
   * something happens before it.
   */
  const begin = () => {
    if (/** @type {any} */ (document).prerendering) return on(document, 'prerenderingchange', begin);
    watchReading();
    watchAddress();
    watchClicks(open);
    watchLifecycle(open);
    setTimeout(() => attempt(open, warn));
  };

  /** Once: the page comes first, then what was called before. */
  const open = () => {
    if (!early) return;
    const calls = early;
    early = null;
    readConsent();
    readKnown();
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
        else if (early) early.push(call);
        else commands[name](first, ...rest);
      },
      (error) => warn(name, error),
    );
  };
  return run;
};
