/** Asks the decision service; loaded with the first `decide`. */

/**
 * @typedef {object} Answer
 * @property {string | null} decision_id
 * @property {'show' | 'suppress' | 'holdout'} decision
 * @property {string | null} ad
 * @property {string} reason
 * @property {number} ttl_s seconds the answer may be kept
 */

/** @typedef {{token: string, user_key: string | null, customer_id: string | null, placement: string, consent: {ads: boolean}}} Question */

/**
 * @param {string} reason
 * @returns {Answer}
 */
const noOffer = (reason) => ({ decision_id: null, decision: 'suppress', ad: null, reason, ttl_s: 0 });

/**
 * @param {string} url
 * @param {Question} question
 * @returns {Promise<Answer>}
 */
export const decide = async (url, question) => {
  // Who did not agree to ads is not even asked about.
  if (!question.consent.ads || !(question.user_key || question.customer_id)) return noOffer('no_consent');
  try {
    const reply = await fetch(url, { method: 'POST', body: JSON.stringify(question), credentials: 'omit' });
    return reply.ok ? await reply.json() : noOffer('unavailable');
  } catch {
    return noOffer('unavailable');
  }
};
