/** Describes a click: its anchor, the place inside it, and where it leads. */

import { cleanAddress } from './address.js';
import { config } from './config.js';
import { ADDRESS_LENGTH, TAG_LENGTH } from './limits.js';
import { anchorOf, isMasked, nearest, placeIn } from './path.js';
import { selectorOf } from './selector.js';
import { view } from './view.js';

/**
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | undefined} pointer none = a click by keyboard, placed in the middle
 */
export const describeClick = (path, pointer) => {
  const anchor = anchorOf(path);
  const masked = isMasked(path);
  const box = anchor.getBoundingClientRect();
  const clientX = pointer ? pointer.clientX : box.left + box.width / 2;
  const clientY = pointer ? pointer.clientY : box.top + box.height / 2;
  const scroller = config.scrollerOf(path);
  const href = /** @type {HTMLAnchorElement | undefined} */ (nearest(path, 'a[href],area[href]'))?.href;
  const name = href ? '' : legacyName(anchor);
  return {
    x: clientX - (scroller.left || 0) + scroller.scrollLeft,
    y: clientY - (scroller.top || 0) + scroller.scrollTop,
    /** The link's address, else the element's name; cleaned when the event is stored. */
    get link() {
      return masked ? null : href ? cleanAddress(href) : name;
    },
    element: {
      selector: selectorOf(anchor, masked),
      tag: anchor.localName.slice(0, TAG_LENGTH),
      ex: placeIn(clientX - box.left, box.width),
      ey: placeIn(clientY - box.top, box.height),
      w: box.width,
      h: box.height,
      fixed: path.some((element) => /fixed|sticky/.test(getComputedStyle(element).position)),
    },
    view: view(scroller),
  };
};

/**
 * The element as the tracker of 2016 named it: tag;class;id;name;data-reactid. Names with an `@` or four digits in a row
 * may identify a person and are left out.
 * @param {Element} anchor
 */
const legacyName = (anchor) => {
  const names = ['class', 'id', 'name', 'data-reactid'].map((name) =>
    anchor.getAttribute(name)?.replace(/\S*(@|\d{4})\S*/g, ''),
  );
  return [anchor.localName, ...names].join(';').slice(0, ADDRESS_LENGTH);
};
