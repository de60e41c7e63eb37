/** Addresses without personal data. */

import { config } from './config.js';
import { attempt } from './lib/attempt.js';
import { ADDRESS_LENGTH } from './limits.js';

/**
 * Base URL of a service.
 * @param {string} endpoint absolute, or a path on the page's own origin whatever its `<base>` says
 * @returns {string}
 */
export const apiUrl = (endpoint) => new URL(endpoint.replace(/\/*$/, '/v1/'), location.href).href;

/**
 * Remove user names, fragments and all query parameters but the campaign's. Of `mailto:`, `tel:`, `javascript:` and other
 * addresses that are not pages, keep only the scheme.
 * @param {string} address absolute
 * @returns {string | undefined} undefined when it is not a valid address
 */
export const cleanAddress = (address) =>
  attempt(() => {
    // Most pages have no referrer, and an exception would cost more than the rest of a start.
    if (!address) return;
    const url = new URL(address);
    const { protocol, pathname } = url;
    // Apps serve their pages under schemes of their own, such as capacitor: or tauri:.
    if (!/^(http|file)/.test(protocol) && !(pathname[0] == '/' && protocol == location.protocol)) return protocol;
    for (const name of [...url.searchParams.keys()]) if (!config.keepsParameter(name)) url.searchParams.delete(name);
    url.username = url.password = '';
    url.hash = config.cleanFragment(url.hash);
    return url.href.slice(0, ADDRESS_LENGTH);
  });
