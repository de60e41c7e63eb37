/** Addresses as they are recorded: without what may tell who somebody is. */

import { ADDRESS_LENGTH } from './limits.js';

const KEPT_QUERY = /^utm_(source|medium|campaign|term|content)$/;

/**
 * Drop user names, fragments and all query parameters but the campaign's. Of `mailto:`, `tel:`, `javascript:` and
 * other addresses that lead to no page only the scheme is kept.
 * @param {string} address absolute
 * @returns {string | null} null when it is no address
 */
export const cleanAddress = (address) => {
  try {
    const url = /** @type {any} */ (new URL(address));
    if (!/^(http|file)/.test(url.protocol)) return url.protocol;
    url.search = new URLSearchParams([...url.searchParams].filter(([name]) => KEPT_QUERY.test(name)));
    url.username = url.password = url.hash = '';
    return url.href.slice(0, ADDRESS_LENGTH);
  } catch {
    return null;
  }
};
