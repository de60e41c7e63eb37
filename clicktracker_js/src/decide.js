/** `decide(placement, callback)`: asks whether to show an offer. The page always gets one answer, in time. */

import { agreed } from './consent.js';
import { part } from './parts.js';
import { customerId } from './recorder.js';
import { userKey } from './visitor.js';
import { warn } from './warn.js';

const PATIENCE_MS = 1000;

/**
 * @typedef {object} Answer
 * @property {string | null} decision_id
 * @property {'show' | 'suppress' | 'holdout'} decision
 * @property {string | null} ad
 * @property {string} reason
 * @property {number} ttl_s seconds the answer may be kept
 */

/**
 * @param {string} reason
 * @returns {Answer}
 */
const noOffer = (reason) => ({ decision_id: null, decision: 'suppress', ad: null, reason, ttl_s: 0 });

/**
 * @param {import('./config.js').Config} config
 * @param {HTMLScriptElement | null} script
 */
export const makeDecide = ({ endpoint, token }, script) =>
  /**
   * @param {string} placement
   * @param {(answer: Answer) => void} callback
   */
  async (placement, callback) => {
    if (typeof callback != 'function') return warn('decide needs a placement and a function that takes the answer');
    /** @type {Promise<Answer>} */
    const late = new Promise((resolve) => setTimeout(() => resolve(noOffer('timeout')), PATIENCE_MS));
    callback(await Promise.race([ask(), late]));

    /** @returns {Promise<Answer>} */
    async function ask() {
      const consent = agreed();
      const user_key = consent.analytics ? userKey() : null;
      const customer_id = customerId();
      if (!consent.ads || !(user_key || customer_id)) return noOffer('no_consent');
      try {
        const send = await part('decide', script);
        return await send(endpoint + 'v1/decide', { token, user_key, customer_id, placement, consent });
      } catch {
        return noOffer('unavailable');
      }
    }
  };
