/** The site's own values, brought into the shape the collector takes. */

import { clean } from './text.js';
import { warn } from './warn.js';

const MAX_PROPS = 50;
const NAME_LENGTH = 50;
const VALUE_LENGTH = 1024;

/**
 * Keep text, numbers, booleans and null; say what was left out.
 * @param {unknown} props
 */
export const readProps = (props) => {
  const entries = Object.entries(props || {}).filter(([name, value]) => {
    const plain = value === null || /^(string|number|boolean)$/.test(typeof value);
    if (!plain) warn(`the property "${name}" is left out: it is no text, number, boolean or null`);
    return plain;
  });
  if (entries.length > MAX_PROPS) warn(`only the first ${MAX_PROPS} of ${entries.length} properties are kept`);
  return Object.fromEntries(
    entries
      .slice(0, MAX_PROPS)
      .map(([name, value]) => [clean(name, NAME_LENGTH), typeof value == 'string' ? clean(value, VALUE_LENGTH) : value]),
  );
};
