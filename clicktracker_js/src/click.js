/** Every click anywhere, by one listener on the window that comes before the page's own. */

import { describe, nearest, pathOf } from './element.js';
import { on } from './listen.js';
import { record } from './recorder.js';
import { view } from './view.js';

/** @type {Element | null | undefined} the control to which a label hands its click on, as a second event */
let labelled;

export const watchClicks = () =>
  on(window, 'click', (/** @type {MouseEvent} */ event) => {
    const path = pathOf(event);
    if (!event.isTrusted || path[0] == labelled || nearest(path, '[data-logdig-ignore]')) return;
    const label = /** @type {HTMLLabelElement | undefined} */ (nearest(path, 'label'));
    if (label && !path.includes(/** @type {any} */ (label.control))) {
      labelled = label.control;
      setTimeout(() => (labelled = null));
    }
    // A key press that clicks has no place; `detail` counts the presses of a pointer.
    record('click', { ...describe(path, !!event.detail && event), view: view() });
  });
