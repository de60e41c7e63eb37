/** What was hit: the anchor of a click, where inside it, and what the site says about it. */

import { selectorOf } from './selector.js';
import { cleanAddress } from './address.js';
import { clean } from './text.js';

const INTERACTIVE =
  'a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[onclick],[data-logdig-id]';
/** The whole of an element's width or height in `ex` and `ey`. */
const WHOLE = 32767;
const LINK_LENGTH = 4096;

/**
 * The elements an event went through, innermost first, shadow roots left out.
 * @param {Event} event
 */
export const pathOf = (event) =>
  /** @type {Element[]} */ (event.composedPath().filter((node) => node instanceof Element));

/**
 * @param {Element[]} path
 * @param {string} attribute
 */
export const marked = (path, attribute) => path.some((element) => element.hasAttribute(attribute));

/**
 * The nearest interactive element, else the one that was hit.
 * @param {Element[]} path
 */
export const anchorOf = (path) => path.find((element) => element.matches(INTERACTIVE)) || path[0];

/**
 * @param {Element} anchor
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | null} pointer null = a key was pressed: the middle is meant
 */
export const describe = (anchor, path, pointer) => {
  const box = anchor.getBoundingClientRect();
  const left = pointer ? pointer.clientX : box.left + box.width / 2;
  const top = pointer ? pointer.clientY : box.top + box.height / 2;
  return {
    x: left + scrollX,
    y: top + scrollY,
    element: {
      selector: selectorOf(anchor, marked(path, 'data-logdig-mask')),
      tag: clean(anchor.localName, 64),
      ex: share(left - box.left, box.width),
      ey: share(top - box.top, box.height),
      w: Math.round(box.width),
      h: Math.round(box.height),
      fixed: path.slice(path.indexOf(anchor)).some(sticks),
    },
  };
};

/**
 * @param {number} inside pixels from the box's edge
 * @param {number} size of the box
 */
export const share = (inside, size) =>
  size > 0 ? Math.round(Math.min(Math.max(inside / size, 0), 1) * WHOLE) : 0;

/** @param {Element} element */
const sticks = (element) => /fixed|sticky/.test(getComputedStyle(element).position);

/**
 * Where the click leads, else the element as the tracker of 2016 named it: tag;class;id;name;data-reactid.
 * @param {Element} anchor
 * @param {Element[]} path
 */
export const linkOf = (anchor, path) => {
  if (marked(path, 'data-logdig-mask')) return undefined;
  const link = path.find((element) => element.matches('a[href],area[href]'));
  if (link) return cleanAddress(/** @type {HTMLAnchorElement} */ (link).href);
  const names = ['class', 'id', 'name', 'data-reactid'].map((name) => anchor.getAttribute(name) || '');
  return clean([anchor.localName, ...names].join(';'), LINK_LENGTH);
};
