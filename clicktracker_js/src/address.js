/** Addresses as they are recorded: without what may tell who somebody is. */

import { attempt } from './attempt.js';
import { config } from './config.js';
import { ADDRESS_LENGTH } from './limits.js';

/** By its older name, where a page's own variable hides it. */
const Address = /** @type {any} */ (globalThis).webkitURL || URL;

/**
 * Where the paths of a service begin.
 * @param {string} endpoint absolute, or a path of the page's own origin, wherever the page's `<base>` leads
 * @returns {string}
 */
export const apiOf = (endpoint) => new Address(endpoint.replace(/\/*$/, '/v1/'), location.href).href;

/**
 * Drop user names, fragments and all query parameters but the campaign's. Of `mailto:`, `tel:`, `javascript:` and
 * other addresses that lead to no page only the scheme is kept.
 * @param {string} address absolute
 * @returns {string | undefined} undefined when it is no address
 */
export const cleanAddress = (address) =>
  attempt(() => {
    // Most pages have no referrer, and an error would cost more than the rest of a start.
    if (!address) return;
    const url = new Address(address);
    if (!/^(http|file)/.test(url.protocol)) return url.protocol;
    for (const name of [...url.searchParams.keys()]) if (!config.keeps(name)) url.searchParams.delete(name);
    url.username = url.password = '';
    url.hash = config.fragment(url.hash);
    return url.href.slice(0, ADDRESS_LENGTH);
  });
