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
  const path = [];
  for (let at = element; ; at = /** @type {Element} */ (at.parentElement)) {
    const step = stepOf(at, root, masked);
    path.push(step);
    if (/^[#[]/.test(step) || at == document.body || !at.parentElement) break;
  }
  let selector = path[most] ? narrowed(path, root, most) : path.reverse().join(' > ');
  if (host) selector = selectorOf(host, masked, most) + ' >>> ' + selector;
  return selector.length > TEXT_LENGTH ? null : selector;
};

/**
 * One step of the way: what tells the element from its siblings.
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} [masked]
 */
export const stepOf = (element, root, masked) => {
  const { id, localName, classList, parentNode } = element;
  for (const name of ['data-logdig-id', 'data-logdig-region']) {
    const given = element.getAttribute(name);
    if (given) return `[${name}="${CSS.escape(given)}"]`;
  }
  if (!masked && looksWritten(id) && count(root, '#' + id) < 2) return '#' + id;
  const step = CSS.escape(localName);
  const siblings = [...(parentNode?.children || [])].filter((one) => one.localName == localName);
  if (!siblings[1]) return step;
  // A class that no sibling has outlives a new sibling better than a place does.
  const own = [...classList].find(
    (name) => !masked && isLasting(name) && siblings.every((one) => one == element || !one.classList.contains(name)),
  );
  return step + (own ? '.' + own : `:nth-of-type(${siblings.indexOf(element) + 1})`);
};

/**
 * Of a long way the steps that narrow it down.
 * @param {string[]} path from the element upwards
 * @param {ParentNode} root
 * @param {number} most steps
 */
const narrowed = ([selector, ...path], root, most) => {
  let found = count(root, selector);
  for (const step of path) {
    if (found < 2) break;
    const longer = step + ' ' + selector;
    const left = count(root, longer);
    if (left < found && most-- > 1) [selector, found] = [longer, left];
  }
  return selector;
};

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
const count = (root, selector) => root.querySelectorAll(selector).length;
