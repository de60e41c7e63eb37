/**
 * A selector that finds the same element after a rerender and after the next build: `data-logdig-id`, else an id that
 * a person wrote, else the way down from the nearest such ancestor by tags, lasting classes and places.
 */

import { SELECTOR_STEPS, TEXT_LENGTH } from './limits.js';
import { isLasting, looksWritten } from './names.js';

/**
 * @param {Element} element
 * @param {boolean} masked leave out ids and classes, which may hold a person's data
 * @param {number} [most] steps; those inside a shadow root and those to its host share them
 * @returns {string | null} null when none is short enough
 */
export const selectorOf = (element, masked, most = SELECTOR_STEPS) => {
  const root = /** @type {ShadowRoot} */ (element.getRootNode());
  if (root.host) most = Math.ceil(most / 2);
  const path = stepsTo(element, root, masked);
  let selector = path.join(' > ');
  if (path.length > most) selector = narrowed(path, root, most);
  if (root.host) selector = selectorOf(root.host, masked, most) + ' >>> ' + selector;
  return selector.length > TEXT_LENGTH ? null : selector;
};

/**
 * Every step from an anchor, or from the top, down to the element.
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} masked
 */
const stepsTo = (element, root, masked) => {
  const path = [];
  /** @type {Element | null} */
  let at = element;
  do path.unshift(stepOf(at, root, masked));
  while (!/^[#[]/.test(path[0]) && at != document.body && (at = at.parentElement));
  return path;
};

/**
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} masked
 */
const stepOf = (element, root, masked) => {
  const { id, localName, classList, parentNode } = element;
  const given = element.getAttribute('data-logdig-id');
  if (given) return `[data-logdig-id="${CSS.escape(given)}"]`;
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
 * Of a long way the steps that narrow it down, from the element upwards.
 * @param {string[]} path
 * @param {ParentNode} root
 * @param {number} most steps
 */
const narrowed = (path, root, most) => {
  let selector = '';
  for (const step of path.reverse()) {
    const longer = selector ? step + ' ' + selector : step;
    if (!selector || (most && count(root, longer) < count(root, selector))) {
      selector = longer;
      most--;
    }
  }
  return selector;
};

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
const count = (root, selector) => root.querySelectorAll(selector).length;
