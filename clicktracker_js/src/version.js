/** Which version of a page somebody saw, so that clicks on the old one are not drawn on the new one. */

import { hash } from './hash.js';
import { FINGERPRINT_ELEMENTS, VERSION_LENGTH } from './limits.js';
import { isLasting } from './names.js';
import { INTERACTIVE } from './selector.js';

/** What the site says, else a fingerprint of what can be clicked: its kinds, not their number or order. */
export const pageVersion = () => {
  const said = document.documentElement.dataset.logdigVersion;
  if (said) return said.slice(0, VERSION_LENGTH);
  const elements = [...document.querySelectorAll(INTERACTIVE)].slice(0, FINGERPRINT_ELEMENTS);
  const kinds = new Set(elements.map((one) => [one.localName, ...[one.id, ...one.classList].filter(isLasting)].join('.')));
  return hash([...kinds].sort().join()).toString(36);
};
