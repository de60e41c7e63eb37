/**
 * A selector that finds the same element after a rerender and after the next build: `data-logdig-id`, else an id that
 * a person wrote, else the way down from the nearest such ancestor by tags, lasting classes and places.
 */

import { isLasting, looksWritten } from './names.js';

const MAX_STEPS = 8;
const MAX_LENGTH = 512;

/** @typedef {{text: string, anchored: boolean}} Step */

/**
 * @param {Element} element
 * @param {boolean} masked leave out ids and classes, which may hold a person's data
 * @returns {string | null} null when no selector is short enough
 */
export const selectorOf = (element, masked) => {
  /** @type {Element[]} */
  const hosts = [element];
  for (let root = element.getRootNode(); root instanceof ShadowRoot; root = hosts[0].getRootNode()) {
    hosts.unshift(root.host);
  }
  const steps = Math.max(1, Math.floor(MAX_STEPS / hosts.length));
  const selector = hosts.map((host) => within(host, masked, steps)).join(' >>> ');
  return selector.length > MAX_LENGTH ? null : selector;
};

/**
 * The selector inside one document or shadow root.
 * @param {Element} element
 * @param {boolean} masked
 * @param {number} most steps
 */
const within = (element, masked, most) => {
  const root = /** @type {ParentNode} */ (element.getRootNode());
  const path = stepsTo(element, root, masked);
  if (path.length <= most) return path.join(' > ');
  const short = path[0] + ' ' + path.slice(1 - most).join(' > ');
  return most > 1 && count(root, short) == 1 ? short : narrowed(path, root, most);
};

/**
 * Every step from an anchor, or from the top, down to the element.
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} masked
 */
const stepsTo = (element, root, masked) => {
  const path = [];
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
    const step = stepOf(at, root, masked);
    path.unshift(step.text);
    if (step.anchored || at == document.body) break;
  }
  return path;
};

/**
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} masked
 * @returns {Step}
 */
const stepOf = (element, root, masked) => {
  const named = element.getAttribute('data-logdig-id');
  if (named) return { text: `[data-logdig-id="${CSS.escape(named)}"]`, anchored: true };
  const id = masked ? '' : element.id;
  if (looksWritten(id) && count(root, '#' + id) == 1) return { text: '#' + id, anchored: true };
  return { text: CSS.escape(element.localName) + placeOf(element, masked), anchored: false };
};

/**
 * What tells an element from its siblings of the same tag: a class that only it has, else its place.
 * @param {Element} element
 * @param {boolean} masked
 */
const placeOf = (element, masked) => {
  const siblings = [...(element.parentNode?.children || [])].filter((one) => one.localName == element.localName);
  if (siblings.length < 2) return '';
  const own = (/** @type {string} */ name) => siblings.every((one) => one == element || !one.classList.contains(name));
  const name = masked ? undefined : [...element.classList].find((one) => isLasting(one) && own(one));
  return name ? '.' + name : `:nth-of-type(${siblings.indexOf(element) + 1})`;
};

/**
 * Of a long way the steps that narrow it down, from the element upwards.
 * @param {string[]} path
 * @param {ParentNode} root
 * @param {number} most steps
 */
const narrowed = (path, root, most) => {
  let selector = path[path.length - 1];
  let found = count(root, selector);
  for (let index = path.length - 2, steps = 1; index >= 0 && found > 1 && steps < most; index--) {
    const longer = `${path[index]} ${selector}`;
    const matches = count(root, longer);
    if (matches < found) {
      selector = longer;
      found = matches;
      steps++;
    }
  }
  return selector;
};

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
const count = (root, selector) => root.querySelectorAll(selector).length;
