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
    if ('#['.includes(way[way.length - 1][0]) || !at.parentElement || at == document.body) break;
  }
  const long = way[most];
  // Of a long way what tells most: its end, its beginning, and the steps nearest to the element that are one of several.
  if (long) {
    const top = way.splice(-1);
    way = way.filter((step, height) => !height || /[.:]/.test(step)).slice(0, most - 1).concat(top);
  }
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
  const { id, localName } = element;
  for (const name of ['data-logdig-id', 'data-logdig-region']) {
    const given = element.getAttribute(name);
    if (given) return `[${name}="${CSS.escape(given)}"]`;
  }
  if (id && !masked && looksWritten(id) && !root.querySelectorAll('#' + id)[1]) return '#' + id;
  const step = localName.replace(/[^\w-]/g, '\\$&');
  /** Classes that no sibling has: they outlive a new sibling better than a place does. */
  let own = masked ? [] : [...element.classList].filter(isLasting);
  let place = 0;
  let kin = 0;
  // Not `children`, which in a form may be a field of that name. There may be hundreds: no more are asked than it takes.
  for (let one = element.parentNode?.firstElementChild; one && (own[0] || !place || !kin); one = one.nextElementSibling)
    if (one == element) place = kin + 1;
    else if (one.localName == localName) {
      kin++;
      own = own.filter((name) => !one?.classList.contains(name));
    }
  return step + (kin ? (own[0] ? '.' + own[0] : `:nth-of-type(${place})`) : '');
};
