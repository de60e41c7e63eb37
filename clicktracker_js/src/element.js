/** What was hit: the anchor of a click, where inside it, and what the site says about it. */

import { cleanAddress } from './address.js';
import { config } from './config.js';
import { ADDRESS_LENGTH, WHOLE } from './limits.js';
import { INTERACTIVE, selectorOf } from './selector.js';
import { view } from './view.js';

/**
 * The elements an event went through, innermost first, out of shadow roots too.
 * @param {Event} event
 */
export const pathOf = (event) =>
  /** @type {HTMLElement[]} */ (event.composedPath().filter((node) => node instanceof Element));

/**
 * @template {Element} T
 * @param {T[]} path
 * @param {string} selector
 */
export const nearest = (path, selector) => path.find((element) => element.matches(selector));

/**
 * Whether what may be text of a person is left out.
 * @param {Element[]} path
 */
export const isMasked = (path) =>
  !!nearest(path, '[data-logdig-mask],[data-logdig-unmask]')?.matches('[data-logdig-mask]');

/** What a click is about, also when a part of it is hit. @param {Element[]} path */
export const anchorOf = (path) => nearest(path, INTERACTIVE) || path[0];

/**
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | undefined} pointer none = a key was pressed: the middle is meant
 */
export const describe = (path, pointer) => {
  const anchor = anchorOf(path);
  const masked = isMasked(path);
  const box = anchor.getBoundingClientRect();
  const { clientX, clientY } = pointer || { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
  const scroller = config.scroller(path);
  const href = /** @type {HTMLAnchorElement | undefined} */ (nearest(path, 'a[href],area[href]'))?.href;
  const named = href ? '' : nameOf(anchor);
  return {
    x: clientX - (scroller.left || 0) + scroller.scrollLeft,
    y: clientY - (scroller.top || 0) + scroller.scrollTop,
    /** Where the click leads, else the element's name; cleaned when the event is stored. */
    get link() {
      return masked ? null : href ? cleanAddress(href) : named;
    },
    element: {
      selector: selectorOf(anchor, masked),
      tag: anchor.localName,
      ex: share(clientX - box.left, box.width),
      ey: share(clientY - box.top, box.height),
      w: box.width,
      h: box.height,
      fixed: path.some((element) => /fixed|sticky/.test(getComputedStyle(element).position)),
    },
    view: view(scroller),
  };
};

/**
 * @param {number} inside pixels from the box's edge
 * @param {number} size of the box
 */
export const share = (inside, size) => (size ? Math.round(Math.min(Math.max(inside / size, 0), 1) * WHOLE) : 0);

/**
 * The element as the tracker of 2016 named it: tag;class;id;name;data-reactid. Names that may tell who somebody is,
 * with an `@` or a long number, are left out.
 * @param {Element} anchor
 */
const nameOf = (anchor) => {
  const names = ['class', 'id', 'name', 'data-reactid'].map((name) =>
    anchor.getAttribute(name)?.replace(/\S*(@|\d{4})\S*/g, ''),
  );
  return [anchor.localName, ...names].join(';').slice(0, ADDRESS_LENGTH);
};
