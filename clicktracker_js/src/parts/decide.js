/** Asks the decision service; loaded with the first `decide`. */

/**
 * @typedef {object} Decision
 * @property {string | null} decision_id
 * @property {'show' | 'suppress' | 'holdout'} decision
 * @property {string | null} ad
 * @property {string} reason
 * @property {number} ttl_s seconds the decision may be kept
 */

/**
 * @param {string} reason
 * @returns {Decision}
 */
const suppress = (reason) => ({ decision_id: null, decision: 'suppress', ad: null, reason, ttl_s: 0 });

/**
 * @param {import('../context.js').Context} context
 * @param {string} placement
 * @returns {Promise<Decision>}
 */
export const run = async ({ config, currentConsent, readVisitor, customerId }, placement) => {
  const consent = currentConsent();
  const customer_id = customerId();
  const user_key = consent.analytics ? readVisitor().user : null;
  // Without consent for ads, no request is made.
  if (!consent.ads || !(user_key || customer_id)) return suppress('no_consent');
  const body = JSON.stringify({ token: config.token, user_key, customer_id, placement, consent });
  try {
    const response = await fetch((config.decide || config.api) + 'decide', { method: 'POST', body, credentials: 'omit' });
    return response.ok ? await response.json() : suppress('unavailable');
  } catch {
    return suppress('unavailable');
  }
};
