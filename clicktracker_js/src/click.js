/** Every click anywhere, by one listener on the window that comes before the page's own. */

import { anchorOf, describe, linkOf, marked, pathOf } from './element.js';
import { on } from './guard.js';
import { view } from './view.js';

/** @typedef {(type: string, own: object) => void} Record */

/** @type {Element | null | undefined} the control to which a label hands its click on, as a second event */
let labelled;

/** @param {Record} record */
export const watchClicks = (record) => on(window, 'click', (event) => onClick(event, record));

/**
 * @param {MouseEvent} event
 * @param {Record} record
 */
const onClick = (event, record) => {
  const path = pathOf(event);
  if (!event.isTrusted || !path.length || path[0] == labelled || marked(path, 'data-logdig-ignore')) return;
  const label = /** @type {HTMLLabelElement | undefined} */ (path.find((element) => element.localName == 'label'));
  if (label && !path.includes(/** @type {Element} */ (label.control))) {
    labelled = label.control;
    setTimeout(() => (labelled = null));
  }
  const anchor = anchorOf(path);
  // A key press that clicks has no place; `detail` counts the presses of a pointer.
  const pointer = event.detail ? event : null;
  record('click', { ...describe(anchor, path, pointer), link: linkOf(anchor, path), view: view() });
};
