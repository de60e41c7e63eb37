/** Handles a failed request: any response other than 2xx, or none; loaded with the first one. */

import { describeHold, HOLD, holdAfter } from '../retry.js';
import { warn } from '../warn.js';

/** Fields around the events. The collector names those that it refuses. */
const ENVELOPE = /\b(token|sent_at|tz_min|tracker|dropped)\b/g;

/**
 * Wait; or, when the collector rejects the envelope, leave out what it names; or, when it rejects the batch, halve it
 * until only the bad event is dropped.
 * @param {import('../context.js').Context} context
 * @param {(Response & {detail?: string}) | undefined} response with its text
 * @param {string[]} keys of the events that were sent
 * @returns {number | undefined} how many events the next request may hold
 */
export const run = ({ config, read, write, remove, isOptedOut, countDropped }, response, keys) => {
  if (isOptedOut()) return;
  const status = response?.status;
  const named = status == 400 ? (response?.detail || '').match(ENVELOPE) || [] : [];
  const optional = named.filter((name) => name != 'token' && !(name in config.envelope));
  if (optional[0]) {
    if (optional.includes('dropped')) remove('logdig:dropped');
    else for (const name of optional) config.envelope[name] = undefined;
    remove(HOLD);
    return;
  }
  if (named[0] || (status != 400 && status != 413)) {
    const { failures = 0, to } = read(HOLD);
    const hold = holdAfter(status, response?.headers.get('Retry-After'), failures, Date.now(), Math.random());
    write(HOLD, { ...hold, to });
    if (named[0] || status == 401 || status == 403) warn(describeHold(hold, config.api));
    return;
  }
  remove(HOLD);
  if (!keys[1]) {
    remove(keys[0]);
    countDropped({ [status == 400 ? 'refused' : 'too_large']: 1 });
  }
  return Math.ceil(keys.length / 2);
};
