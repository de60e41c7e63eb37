/** Asks the decision service; loaded with the first `decide`. */

/**
 * @param {string} url
 * @param {object} question
 * @returns {Promise<import('../decide.js').Answer>} rejects when there is no answer
 */
const ask = async (url, question) => {
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(question), credentials: 'omit' });
  if (!reply.ok) throw new Error(`decide was answered ${reply.status}`);
  return reply.json();
};

/** @type {any} */ (window).logdig.parts.decide = ask;
