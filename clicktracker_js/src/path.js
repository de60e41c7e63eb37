/** The path of an event through the page. No state, so each part bundles its own copy. */

import { BOX_SIZE } from './limits.js';

export const INTERACTIVE =
  'a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[onclick],[data-logdig-id]';

/**
 * The elements of the event's path, innermost first, including those in open shadow roots.
 * @param {Event} event
 */
export const pathOf = (event) =>
  /** @type {HTMLElement[]} */ (event.composedPath().filter((node) => 'attachShadow' in node));

/**
 * @template {Element} T
 * @param {T[]} path
 * @param {string} selector
 */
export const nearest = (path, selector) => path.find((element) => Element.prototype.matches.call(element, selector));

/**
 * Whether the page marked it as personal data.
 * @param {Element[]} path
 */
export const isMasked = (path) =>
  !!nearest(path, '[data-logdig-mask],[data-logdig-unmask]')?.matches('[data-logdig-mask]');

/**
 * Place inside a box, from 0 to `BOX_SIZE`.
 * @param {number} distance pixels from the box's edge
 * @param {number} size of the box in pixels
 */
const shareOf = (distance, size) => (size ? Math.round(Math.min(Math.max(distance / size, 0), 1) * BOX_SIZE) : 0);

/** Whether it is inside; browsers cut the pointer's place to whole pixels. @param {number} distance @param {number} size */
const isInside = (distance, size) => distance > -1 && distance < size;

/**
 * Where a click lies: its anchor is the nearest interactive element below the body, else the element that was hit. Where
 * the pointer is outside of its box (stretched links, `display: contents`, children placed elsewhere), it is the first
 * element of the path whose box holds the pointer; for an `area`, its image.
 * @param {Element[]} path
 * @param {{clientX: number, clientY: number} | undefined} pointer none = a click by keyboard, placed in the middle
 */
export const placeOf = (path, pointer) => {
  const [target] = path;
  const inside = path.slice(0, path.indexOf(document.body));
  const images =
    target.localName == 'area' ? /** @type {Document} */ (target.getRootNode()).querySelectorAll('[usemap]') : [];
  const places = [nearest(inside, INTERACTIVE) || target, ...images, ...inside].map((anchor) => {
    const { left, top, width, height } = anchor.getBoundingClientRect();
    const { clientX, clientY } = pointer || { clientX: left + width / 2, clientY: top + height / 2 };
    const ex = shareOf(clientX - left, width);
    const ey = shareOf(clientY - top, height);
    const holds = isInside(clientX - left, width) && isInside(clientY - top, height);
    return { anchor, width, height, clientX, clientY, ex, ey, holds };
  });
  return places.find(({ holds }) => holds) || places[0];
};
