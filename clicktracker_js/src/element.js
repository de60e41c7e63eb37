/** What was hit: the anchor of a click, where inside it, and what the site says about it. */

import { cleanAddress } from './address.js';
import { ADDRESS_LENGTH, WHOLE } from './limits.js';
import { selectorOf } from './selector.js';

const INTERACTIVE =
  'a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[onclick],[data-logdig-id]';

/**
 * The elements an event went through, innermost first, out of shadow roots too.
 * @param {Event} event
 */
export const pathOf = (event) =>
  /** @type {HTMLElement[]} */ (event.composedPath().filter((node) => node instanceof Element));

/**
 * @param {Element[]} path
 * @param {string} selector
 */
export const nearest = (path, selector) => path.find((element) => element.matches(selector));

/**
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | false} pointer false = a key was pressed: the middle is meant
 */
export const describe = (path, pointer) => {
  const anchor = nearest(path, INTERACTIVE) || path[0];
  const masked = !!nearest(path, '[data-logdig-mask]');
  const { left, top, width, height } = anchor.getBoundingClientRect();
  const { clientX, clientY } = pointer || { clientX: left + width / 2, clientY: top + height / 2 };
  return {
    x: clientX + scrollX,
    y: clientY + scrollY,
    link: masked ? null : linkOf(anchor, path),
    element: {
      selector: selectorOf(anchor, masked),
      tag: anchor.localName,
      ex: share(clientX - left, width),
      ey: share(clientY - top, height),
      w: width,
      h: height,
      fixed: path.some((element) => /fixed|sticky/.test(getComputedStyle(element).position)),
    },
  };
};

/**
 * @param {number} inside pixels from the box's edge
 * @param {number} size of the box
 */
export const share = (inside, size) => (size ? Math.round(Math.min(Math.max(inside / size, 0), 1) * WHOLE) : 0);

/**
 * Where the click leads, else the element as the tracker of 2016 named it: tag;class;id;name;data-reactid.
 * @param {Element} anchor
 * @param {Element[]} path
 */
const linkOf = (anchor, path) => {
  const link = /** @type {HTMLAnchorElement} */ (nearest(path, 'a[href],area[href]'));
  const names = ['class', 'id', 'name', 'data-reactid'].map((name) => anchor.getAttribute(name));
  return link ? cleanAddress(link.href) : [anchor.localName, ...names].join(';').slice(0, ADDRESS_LENGTH);
};
