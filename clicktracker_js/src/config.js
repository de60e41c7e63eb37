/** Settings from the script's attributes or from `init`: the same names, `data-respect-gpc` = `respectGpc`. */

/**
 * @typedef {object} Config
 * @property {string} token the app's public write token
 * @property {string} api where the collector's paths begin, with a slash at its end
 * @property {string} consent agreed to before anybody was asked: `ask` nothing, `all` everything, empty analytics
 * @property {boolean} respectGpc whether Global Privacy Control and Do Not Track turn everything off
 */

/** @type {Config} */
export let config;

/**
 * @param {Record<string, any>} options
 * @throws {Error} nothing can be recorded; the message says why
 */
export const readConfig = ({ token, endpoint, consent = '', respectGpc }) => {
  if (!token || !endpoint) throw Error('token or endpoint is missing');
  if (!/^(ask|all)?$/.test(consent)) {
    console.warn(`logdig: consent is "${consent}", not ask or all; taken as ask`);
    consent = 'ask';
  }
  const api = new URL(endpoint.replace(/\/*$/, '/v1/'), document.baseURI).href;
  config = { token, api, consent, respectGpc: respectGpc + '' != 'false' };
};
