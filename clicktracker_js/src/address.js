/** Addresses as they are recorded: without what may tell who somebody is. */

import { clean } from './text.js';

const KEPT_QUERY = /^utm_(source|medium|campaign|term|content)$/;
const ADDRESS_LENGTH = 4096;

/**
 * Drop user names, fragments and all query parameters but the campaign's. Of `mailto:`, `tel:`, `javascript:` and
 * other addresses that lead to no page only the scheme is kept.
 * @param {string} address
 * @param {string} [base]
 */
export const cleanAddress = (address, base) => {
  try {
    const url = new URL(address, base);
    if (!/^(https?|file):$/.test(url.protocol)) return url.protocol;
    for (const name of [...url.searchParams.keys()]) if (!KEPT_QUERY.test(name)) url.searchParams.delete(name);
    url.username = url.password = url.hash = '';
    return clean(url.href, ADDRESS_LENGTH);
  } catch {
    return '';
  }
};
