/**
 * A selector that finds the same element after a rerender and after the next build: `data-logdig-id`, else an id that
 * a person wrote, else the way down from the nearest such ancestor by tags, lasting classes and places.
 */

import { SELECTOR_STEPS, TEXT_LENGTH } from './limits.js';
import { isLasting, looksWritten } from './names.js';

/** Elements that are there to be used. */
export const INTERACTIVE =
  'a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[onclick],[data-logdig-id]';

/**
 * @param {Element} element
 * @param {boolean} masked leave out ids and classes, which may hold a person's data
 * @param {number} [most] steps; those inside a shadow root and those to its host share them
 * @returns {string | null} null when none is short enough
 */
export const selectorOf = (element, masked, most = SELECTOR_STEPS) => {
  const root = /** @type {ShadowRoot} */ (element.getRootNode());
  const { host } = root;
  if (host) most = Math.ceil(most / 2);
  /** @type {string[]} */
  let way = [];
  for (let at = element; ; at = /** @type {Element} */ (at.parentElement)) {
    way.push(stepOf(at, root, masked));
    if (/^[#[]/.test(way[way.length - 1]) || !at.parentElement || at == document.body) break;
  }
  const long = way[most];
  // Of a long way what tells most: its end, its beginning, and the steps nearest to the element that are one of several.
  if (long)
    way = way
      .slice(0, -1)
      .filter((step, height) => !height || /[.:]/.test(step))
      .slice(0, most - 1)
      .concat(way.slice(-1));
  let selector = way.reverse().join(long ? ' ' : ' > ');
  const outer = host && selectorOf(host, masked, most);
  if (host) selector = outer + ' >>> ' + selector;
  return outer === null || selector.length > TEXT_LENGTH ? null : selector;
};

/**
 * One step of the way: what tells the element from its siblings.
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} [masked]
 */
const stepOf = (element, root, masked) => {
  const { id, localName, classList, parentNode } = element;
  for (const name of ['data-logdig-id', 'data-logdig-region']) {
    const given = element.getAttribute(name);
    if (given) return `[${name}="${CSS.escape(given)}"]`;
  }
  if (id && !masked && looksWritten(id) && !root.querySelectorAll('#' + id)[1]) return '#' + id;
  const step = localName.replace(/[^\w-]/g, '\\$&');
  // Not `children`, which in a form may be a field of that name.
  const siblings = /** @type {Element[]} */ ([...(parentNode?.childNodes || [])]).filter((one) => one.localName == localName);
  if (!siblings[1]) return step;
  // A class that no sibling has outlives a new sibling better than a place does.
  const own = [...classList].find(
    (name) => !masked && isLasting(name) && !siblings.filter((one) => one.classList.contains(name))[1],
  );
  return step + (own ? '.' + own : `:nth-of-type(${siblings.indexOf(element) + 1})`);
};
