/** What was hit: the anchor of a click, where inside it, and what the site says about it. */

import { cleanAddress } from './address.js';
import { config } from './config.js';
import { ADDRESS_LENGTH } from './limits.js';
import { anchorOf, isMasked, nearest, share } from './path.js';
import { selectorOf } from './selector.js';
import { view } from './view.js';

/**
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | undefined} pointer none = a key was pressed: the middle is meant
 */
export const describe = (path, pointer) => {
  const anchor = anchorOf(path);
  const masked = isMasked(path);
  const box = anchor.getBoundingClientRect();
  const clientX = pointer ? pointer.clientX : box.left + box.width / 2;
  const clientY = pointer ? pointer.clientY : box.top + box.height / 2;
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
