/** The version of a page, so that clicks on an old version are not drawn on the new one. */

import { hash } from './lib/hash.js';
import { isStable } from './lib/names.js';
import { FINGERPRINT_ELEMENTS, VERSION_LENGTH } from './limits.js';
import { INTERACTIVE } from './path.js';

/** The site's own version, else a fingerprint of the kinds of interactive elements, not of their number or order. */
export const pageVersion = () => {
  const version = document.documentElement.dataset.logdigVersion;
  if (version) return version.slice(0, VERSION_LENGTH);
  const elements = [...document.querySelectorAll(INTERACTIVE)].slice(0, FINGERPRINT_ELEMENTS);
  const kinds = new Set(
    elements.map(({ localName, id, classList }) => [localName, ...[id, ...classList].filter(isStable)].join('.')),
  );
  return hash([...kinds].sort().join()).toString(36);
};
