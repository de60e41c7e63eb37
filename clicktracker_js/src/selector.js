/**
 * A selector that finds the same element after a rerender and after the next build: `data-logdig-id`, else an id that a
 * person wrote, else the steps down from the nearest such ancestor, by tag, stable class or position.
 */

import { isStable, looksWritten } from './lib/names.js';
import { SELECTOR_STEPS, TEXT_LENGTH } from './limits.js';

export const INTERACTIVE =
  'a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[onclick],[data-logdig-id]';

/**
 * @param {Element} element
 * @param {boolean} masked leave out ids and classes, which may hold personal data
 * @param {number} [limit] steps; those inside a shadow root and those to its host share it
 * @returns {string | null} null when it would be too long
 */
export const selectorOf = (element, masked, limit = SELECTOR_STEPS) => {
  const root = /** @type {ShadowRoot} */ (element.getRootNode());
  const { host } = root;
  if (host) limit = Math.ceil(limit / 2);
  /** @type {string[]} */
  let steps = [];
  for (let at = element; ; at = /** @type {Element} */ (at.parentElement)) {
    steps.push(stepOf(at, root, masked));
    if ('#['.includes(steps[steps.length - 1][0]) || !at.parentElement || at == document.body) break;
  }
  const isLong = steps[limit];
  // Keep the most telling steps: the element's own, the outermost, and the nearest ones with a class or position.
  if (isLong) {
    const outermost = steps.splice(-1);
    steps = steps.filter((step, index) => !index || /[.:]/.test(step)).slice(0, limit - 1).concat(outermost);
  }
  let selector = steps.reverse().join(isLong ? ' ' : ' > ');
  const outer = host && selectorOf(host, masked, limit);
  if (host) selector = outer + ' >>> ' + selector;
  return outer === null || selector.length > TEXT_LENGTH ? null : selector;
};

/**
 * One step: an attribute of ours, a written id, or what tells the element from its siblings.
 * @param {Element} element
 * @param {ParentNode} root
 * @param {boolean} masked
 */
const stepOf = (element, root, masked) => {
  for (const name of ['data-logdig-id', 'data-logdig-region']) {
    const value = element.getAttribute(name);
    if (value) return `[${name}="${CSS.escape(value)}"]`;
  }
  const { id } = element;
  if (id && !masked && looksWritten(id) && !root.querySelectorAll('#' + id)[1]) return '#' + id;
  return siblingStep(element, masked ? [] : [...element.classList].filter(isStable));
};

/**
 * The tag, with a class or position where a sibling has the same tag. A class that no such sibling has outlives a new
 * sibling better than a position does.
 * @param {Element} element
 * @param {string[]} classes that may be used
 */
const siblingStep = (element, classes) => {
  const { localName } = element;
  let position = 0;
  let sameTag = 0;
  // Not `children`, which in a form may be a field of that name. There may be hundreds, so stop when enough is known.
  let sibling = element.parentNode?.firstElementChild;
  for (; sibling && (classes[0] || !position || !sameTag); sibling = sibling.nextElementSibling)
    if (sibling == element) position = sameTag + 1;
    else if (sibling.localName == localName) {
      sameTag++;
      classes = classes.filter((name) => !sibling?.classList.contains(name));
    }
  const suffix = sameTag ? (classes[0] ? '.' + classes[0] : `:nth-of-type(${position})`) : '';
  return localName.replace(/[^\w-]/g, '\\$&') + suffix;
};
