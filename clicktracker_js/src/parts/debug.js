/** Says what is recorded and why nothing is sent; loaded with `debug`, and with a `flush` that must wait. */

import { describeHold, holdLeft } from '../retry.js';
import { warn } from '../warn.js';

/**
 * @param {import('../context.js').Context} context
 * @param {import('../retry.js').Hold} hold the current one
 * @param {boolean} [on] log recorded events on the console from now on
 */
export const run = ({ config }, hold, on = true) => {
  if (!config.token) return warn('nothing is recorded: the tag has no data-token, and init was not called');
  const { filter } = config;
  if (hold.status != null && holdLeft(hold)) console?.log?.('logdig:', describeHold(hold, config.api));
  if (on)
    config.filter = (event) => {
      const kept = filter(event);
      console?.log?.('logdig:', kept || 'dropped', kept ? '' : event);
      return kept;
    };
};
