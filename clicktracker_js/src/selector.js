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
  const way = [];
  for (let at = element; ; at = /** @type {Element} */ (at.parentElement)) {
    const step = stepOf(at, root, masked);
    way.push({ at, step });
    if (/^[#[]/.test(step) || at == document.body || !at.parentElement) break;
  }
  let selector = (way[most] ? shortened(way, most) : way)
    .map(({ step }) => step)
    .reverse()
    .join(way[most] ? ' ' : ' > ');
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
  const { id, localName, classList } = element;
  for (const name of ['data-logdig-id', 'data-logdig-region']) {
    const given = element.getAttribute(name);
    if (given) return `[${name}="${CSS.escape(given)}"]`;
  }
  if (id && !masked && looksWritten(id) && !root.querySelectorAll('#' + id)[1]) return '#' + id;
  const step = localName.replace(/[^\w-]/g, '\\$&');
  const siblings = twins(element);
  if (!siblings[1]) return step;
  // A class that no sibling has outlives a new sibling better than a place does.
  const own = [...classList].find(
    (name) => !masked && isLasting(name) && siblings.every((one) => one == element || !one.classList.contains(name)),
  );
  return step + (own ? '.' + own : `:nth-of-type(${siblings.indexOf(element) + 1})`);
};

/** Siblings of its kind, and itself. Most elements have none, which the browser knows fastest. @param {Element} element */
const twins = (element) =>
  element.matches(':only-of-type')
    ? [element]
    : [...(element.parentNode?.children || [])].filter(({ localName }) => localName == element.localName);

/**
 * Of a long way the steps that tell most: the element, what has a name, then what is one of many; the nearer of two
 * alike. The page is not searched for what else they find: that takes long, and the selector would change with parts
 * of the page that are far away.
 * @param {{at: Element, step: string}[]} way from the element upwards
 * @param {number} most steps
 */
const shortened = (way, most) => {
  const weighed = way.map(({ at, step }, height) => ({ step, weight: height && !/^[#[]/.test(step) ? twins(at).length : 1e9 }));
  const telling = [...weighed].sort((one, other) => other.weight - one.weight).slice(0, most);
  return weighed.filter((step) => telling.includes(step));
};
