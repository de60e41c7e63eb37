/** Settings from the script's attributes or from `init`: the same names, `data-respect-gpc` = `respectGpc`. */

import { warn } from './warn.js';

/**
 * @typedef {object} Config
 * @property {string} token the app's public write token
 * @property {string} endpoint the collector's address with a slash at its end
 * @property {'ask' | 'all' | ''} consent what is agreed to before anybody was asked; empty: analytics only
 * @property {boolean} respectGpc whether Global Privacy Control and Do Not Track turn everything off
 */

/**
 * @param {Record<string, unknown>} options
 * @param {string} base what a relative endpoint is relative to
 * @returns {Config | null} null when nothing can be recorded
 */
export const readConfig = ({ token, endpoint, consent = '', respectGpc = true }, base) => {
  if (typeof token != 'string' || !token) {
    warn('no token is given, so nothing is recorded; add data-token to the script tag');
    return null;
  }
  if (consent != '' && consent != 'ask' && consent != 'all') {
    warn(`consent is "${consent}", which is neither "ask" nor "all"; nothing is recorded before consent is given`);
    consent = 'ask';
  }
  const address = readEndpoint(endpoint, base);
  if (!address) return null;
  return {
    token,
    endpoint: address,
    consent: /** @type {Config['consent']} */ (consent),
    respectGpc: String(respectGpc) != 'false',
  };
};

/**
 * @param {unknown} endpoint
 * @param {string} base
 */
const readEndpoint = (endpoint, base) => {
  try {
    const url = new URL(String(endpoint ?? '').replace(/\/*$/, '/'), base);
    if (endpoint && /^https?:$/.test(url.protocol)) return url.href;
  } catch {
    // Said below.
  }
  warn(`the endpoint "${endpoint}" is no http address, so nothing is recorded; set data-endpoint to the collector's`);
  return null;
};
