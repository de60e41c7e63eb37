/** Records clicks and submitted forms, by one listener on the window that runs before the page's own. */

import { config } from './config.js';
import { watchEffects, watchInput } from './effects.js';
import { describeClick } from './element.js';
import { on } from './lib/attempt.js';
import { isMasked, nearest, pathOf } from './path.js';
import { record } from './recorder.js';
import { selectorOf } from './selector.js';

/** The control of a label that was clicked: the browser clicks it too, as a second event. @type {Element | null | undefined} */
let labelControl;

/** Record the custom event that an attribute asks for. @param {HTMLElement} element */
const recordNamed = (element) => {
  /** @type {Record<string, unknown>} */
  const props = {};
  for (const { name, value } of element.attributes) {
    const [, prop] = name.split('data-logdig-event-');
    if (prop) props[prop] = value;
  }
  record('custom', { custom: { name: element.dataset.logdigEvent, props } });
};

/** @param {() => void} ensureOpen begins the first page view if it has not begun */
export const watchClicks = (ensureOpen) => {
  watchInput();
  on(window, 'click submit', (event) => {
    ensureOpen();
    const path = pathOf(event);
    if (!event.isTrusted || path[0] == labelControl || nearest(path, '[data-logdig-ignore]')) return;
    const named = /** @type {HTMLElement | undefined} */ (nearest(path, '[data-logdig-event]'));
    if (named) recordNamed(named);
    if (!config.isRecorded(path, event.type)) return;
    if (event.type == 'submit') {
      const selector = selectorOf(path[0], isMasked(path));
      if (selector) record('submit', { element: { selector, tag: 'form' } });
      return;
    }
    labelControl = /** @type {HTMLLabelElement | undefined} */ (nearest(path, 'label'))?.control;
    if (labelControl) setTimeout(() => (labelControl = null));
    // `detail` counts the presses of a pointer: a click by keyboard has 0 and no coordinates.
    const part = describeClick(path, event.detail && event);
    const after = nearest(path, '[data-logdig-no-rage]') ? null : watchEffects([labelControl || path[0], ...path], event);
    record('click', Object.assign(part, { after }));
  });
};
