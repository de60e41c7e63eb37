/** Asks the decision service; loaded with the first `decide`. */

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
 * @param {import('../kit.js').Kit} kit
 * @param {string} placement
 * @returns {Promise<Answer>}
 */
export const run = async ({ config, agreed, readVisitor, customer }, placement) => {
  const consent = agreed();
  const customer_id = customer();
  const user_key = consent.analytics ? readVisitor().user : null;
  // Who did not agree to ads is not even asked about.
  if (!consent.ads || !(user_key || customer_id)) return noOffer('no_consent');
  const question = { token: config.token, user_key, customer_id, placement, consent };
  try {
    const reply = await fetch((config.decide || config.api) + 'decide', { method: 'POST', body: JSON.stringify(question), credentials: 'omit' });
    return reply.ok ? await reply.json() : noOffer('unavailable');
  } catch {
    return noOffer('unavailable');
  }
};
