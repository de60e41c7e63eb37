/** Which ids and classes were written by a person and will be there after the next build. */

/** Words with single `-` or `_` between them: no digits, no `__` of CSS modules, no `:` of utilities. */
const WORDS = /^[a-z]+([-_][a-z]+)*$/i;
/** What tools put in front of their hashes. */
const GENERATED = /^(css|sc|jsx|jss|svelte|emotion|astro|ng|ember|data|radix|headlessui)[-_]/i;
/** Classes that come and go with the state of an element. */
const STATE =
  /^(is|has|js)[-_]|activ|open|clos|hover|focus|select|current|abled|visib|hid|show|load|check|expand|collaps|play|error|valid/i;
const LONGEST = 40;
const SHORTEST_HUMP = 3;

/**
 * Whether the name reads like words: its humps (`buyButton` has two) are long enough on average, and each has a vowel.
 * @param {string} name
 */
export const looksWritten = (name) => {
  if (name.length > LONGEST || !WORDS.test(name) || GENERATED.test(name)) return false;
  return name.split(/[-_]/).every((word) => {
    const humps = word.match(/[A-Z]?[a-z]+|[A-Z]+/g) || [];
    return word.length < SHORTEST_HUMP * humps.length
      ? false
      : /[aeiouy]/i.test(word) && !/[^aeiouy]{5}/i.test(word);
  });
};

/**
 * Whether a class says what the element is, not in which state it is.
 * @param {string} name
 */
export const isLasting = (name) => looksWritten(name) && !STATE.test(name);
