/** Every click and every form that is sent, by one listener on the window that comes before the page's own. */

import { awaitEffects } from './after.js';
import { on } from './attempt.js';
import { config } from './config.js';
import { describe } from './element.js';
import { isMasked, nearest, pathOf } from './path.js';
import { record } from './recorder.js';
import { selectorOf } from './selector.js';

/** The control to which a label hands its click on, as a second event. @type {Element | null | undefined} */
let echo;

/** The site's own event, where an attribute asks for one. @param {HTMLElement} element */
const recordNamed = (element) => {
  /** @type {Record<string, unknown>} */
  const props = {};
  for (const { name, value } of element.attributes) {
    const [, prop] = name.split('data-logdig-event-');
    if (prop) props[prop] = value;
  }
  record('custom', { custom: { name: element.dataset.logdigEvent, props } });
};

/** @param {() => void} open opens the page, if that is still to be done */
export const watchClicks = (open) =>
  on(window, 'click submit', (event) => {
    open();
    const path = pathOf(event);
    if (!event.isTrusted || path[0] == echo || nearest(path, '[data-logdig-ignore]')) return;
    const named = /** @type {HTMLElement | undefined} */ (nearest(path, '[data-logdig-event]'));
    if (named) recordNamed(named);
    if (!config.allows(path, event.type)) return;
    if (event.type == 'submit') {
      const selector = selectorOf(path[0], isMasked(path));
      if (selector) record('submit', { element: { selector, tag: 'form' } });
      return;
    }
    echo = /** @type {HTMLLabelElement | undefined} */ (nearest(path, 'label'))?.control;
    if (echo) setTimeout(() => (echo = null));
    // A key press that clicks has no place; `detail` counts the presses of a pointer.
    const own = describe(path, event.detail && event);
    record('click', Object.assign(own, { after: nearest(path, '[data-logdig-no-rage]') ? null : awaitEffects() }));
  });
