/** The way of an event through the page, and places on it. Holds no state, so parts bring copies of their own. */

import { WHOLE } from './limits.js';
import { INTERACTIVE } from './selector.js';

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
export const nearest = (path, selector) => path.find((element) => Element.prototype.matches.call(element, selector));

/**
 * Whether what may be text of a person is left out.
 * @param {Element[]} path
 */
export const isMasked = (path) =>
  !!nearest(path, '[data-logdig-mask],[data-logdig-unmask]')?.matches('[data-logdig-mask]');

/** What a click is about, also when a part of it is hit. @param {Element[]} path */
export const anchorOf = (path) => nearest(path, INTERACTIVE) || path[0];

/**
 * @param {number} inside pixels from the box's edge
 * @param {number} size of the box
 */
export const share = (inside, size) => (size ? Math.round(Math.min(Math.max(inside / size, 0), 1) * WHOLE) : 0);
