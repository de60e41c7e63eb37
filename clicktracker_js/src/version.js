/** The version of a page, so that clicks on an old version are not drawn on the new one. */

import { hash } from './lib/hash.js';
import { FINGERPRINT_ELEMENTS, VERSION_LENGTH } from './limits.js';
import { INTERACTIVE } from './path.js';
import { namesOf } from './selector.js';
import { warn } from './warn.js';

/**
 * The site's own version, which is a release; else `~` and a fingerprint of the kinds of interactive elements, not of
 * their number or order. A version of the site that begins with `~` is not sent.
 */
export const pageVersion = () => {
  const version = document.documentElement.dataset.logdigVersion;
  if (version?.[0] == '~') warn(`version is "${version}", taken as none`);
  else if (version) return version.slice(0, VERSION_LENGTH);
  const elements = [...document.querySelectorAll(INTERACTIVE)].slice(0, FINGERPRINT_ELEMENTS);
  const kinds = new Set(elements.map((element) => element.localName + namesOf(element, false)));
  return '~' + hash([...kinds].sort().join(''));
};
