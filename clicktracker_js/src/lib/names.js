/** Tells ids and classes that a person wrote, which survive the next build, from generated ones. */

/** An id or class longer than this is rarely written by a person. */
const NAME_LENGTH = 40;
/**
 * Words joined by single `-` or `_`, camel-case words of at least three letters, at most four consonants in a row. So no
 * digits, no `__` of CSS modules, no `:` of utility classes, no hashes, and no prefixes that tools put before hashes.
 */
const WRITTEN = /^(?!(css|sc|jsx|svelte)-|.*[^aeiouy_-]{5})[A-Z]?[a-z]{2,}(([A-Z]|[-_][A-Z]?)[a-z]{2,})*$/;
/** Classes that name the state of an element. */
const STATE = /^(is|has|js|ng)-|activ|open|clos|hover|focus|select|curr|abled|visib|hid|show|load|check|expand|collaps|play/;

/** @param {string} name */
export const looksWritten = (name) => name.length <= NAME_LENGTH && WRITTEN.test(name);

/**
 * Whether a class says what the element is and not which state it is in.
 * @param {string} name
 */
export const isStable = (name) => looksWritten(name) && !STATE.test(name);
