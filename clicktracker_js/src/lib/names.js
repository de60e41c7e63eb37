/** Tells ids and classes that a person wrote, which survive the next build, from generated ones. */

/** An id or class longer than this is rarely written by a person. */
const NAME_LENGTH = 40;
/**
 * Words joined by single `-` or `_`, camel-case words of at least three letters, at most four consonants in a row. So no
 * digits, no `__` of CSS modules, no `:` of utility classes, no hashes, and no prefixes that tools put before hashes.
 */
const WRITTEN = /^(?!(css|sc|jsx|svelte)-|.*[^aeiouy_-]{5})[A-Z]?[a-z]{2,}(([A-Z]|[-_][A-Z]?)[a-z]{2,})*$/;
/**
 * Classes that name the state of an element or, as utilities do, how it looks, and the shortest, which are minified: a
 * change of the design or the next build gives them to others.
 */
const FLEETING =
  /^has-|activ|open|clos|hover|focus|select|curr|abled|visib|hid|show|load|check|expand|collaps|play|^(\w\w\b|\w{3}$|(flex|grid|block|inline|container|row|col|text|font|border|rounded|shadow|max|min|items|justify|overflow|relative|absolute|fixed|sticky)\b)/;

/** @param {string} name */
export const looksWritten = (name) => name.length <= NAME_LENGTH && WRITTEN.test(name);

/**
 * Whether a class says what the element is, and not its state or look.
 * @param {string} name
 */
export const isStable = (name) => looksWritten(name) && !FLEETING.test(name);
