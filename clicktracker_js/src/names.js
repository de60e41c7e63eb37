/** Which ids and classes were written by a person and will be there after the next build. */

import { NAME_LENGTH } from './limits.js';

/**
 * Words with single `-` or `_` between them, camel humps of three letters at least, no heaps of consonants: no digits,
 * no `__` of CSS modules, no `:` of utilities, no hash. And not what tools put in front of their hashes.
 */
const WRITTEN = /^(?!(css|sc|jsx|svelte)-|.*[^aeiouy_-]{5})[A-Z]?[a-z]{2,}(([A-Z]|[-_][A-Z]?)[a-z]{2,})*$/;
/** Classes that come and go with the state of an element. */
const STATE = /^(is|has|js|ng)-|activ|open|clos|hover|focus|select|curr|abled|visib|hid|show|load|check|expand|collaps|play/;

/** @param {string} name */
export const looksWritten = (name) => name.length <= NAME_LENGTH && WRITTEN.test(name);

/**
 * Whether a class says what the element is, not in which state it is.
 * @param {string} name
 */
export const isLasting = (name) => looksWritten(name) && !STATE.test(name);
