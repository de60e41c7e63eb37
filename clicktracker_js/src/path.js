/** The path of an event through the page. No state, so each part bundles its own copy. */

import { BOX_SIZE } from './limits.js';
import { INTERACTIVE } from './selector.js';

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

/** The nearest interactive element, else the element that was hit. @param {Element[]} path */
export const anchorOf = (path) => nearest(path, INTERACTIVE) || path[0];

/**
 * Place inside a box, from 0 to `BOX_SIZE`.
 * @param {number} distance pixels from the box's edge
 * @param {number} size of the box in pixels
 */
export const placeIn = (distance, size) => (size ? Math.round(Math.min(Math.max(distance / size, 0), 1) * BOX_SIZE) : 0);
