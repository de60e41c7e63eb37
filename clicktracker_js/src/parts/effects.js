/** Watches for effects of clicks outside of the page's content; loaded with the first press of a pointer or key. */

import { on } from '../lib/attempt.js';
import { SETTLED_MS } from '../limits.js';
import { nearest } from '../path.js';

/** Fields that a click opens or puts the cursor into: no event says so. */
const FIELD = ':read-write,select,[type=color]';
/** What opens a window, a file, a file dialog or another program: the page may never learn of it. */
const OUTWARD =
  '[type=file],[href][download],[href][target]:not([target=""],[target=_self],[target=_top],[target=_parent]),[href*=":"]:not([href^=http],[href^=javascript])';
/** When it is checked whether another window took the focus, in milliseconds after the click. */
const FOCUS_MS = [500, 2000];

/**
 * @param {import('../context.js').Context} context
 * @returns {(after: import('../effects.js').After, path: Element[], event: MouseEvent, age: () => number) => void} watches one click
 * more; `age` = milliseconds since it
 */
export const run = ({ noteEffect }) => {
  const noteFocus = () => {
    if (!document.hasFocus()) noteEffect('hidden_ms');
  };
  // A press anywhere ends a selection; only a new one, or a cursor in a field, is an effect.
  const noteSelection = () => {
    if (!getSelection()?.isCollapsed || document.activeElement?.matches(FIELD)) noteEffect('input_ms');
  };
  on(document, 'selectionchange', noteSelection);
  // Elements lose the focus too.
  on(window, 'blur', ({ target }) => target == window && noteEffect('hidden_ms'));

  // A click that came before this part may have selected something already.
  let late = true;
  setTimeout(() => {
    late = false;
  });

  return (after, path, { ctrlKey, metaKey }, age) => {
    // With these keys, a link opens in another tab.
    const outward = nearest(path, ctrlKey || metaKey ? '[href]' : OUTWARD);
    after.hidden_ms ??= outward ? 0 : null;
    after.input_ms ??= nearest(path.slice(0, 1), FIELD) ? 0 : null;
    if (late) noteSelection();
    Object.defineProperty(after, 'watched_ms', {
      enumerable: true,
      get: () => Math.min(Math.round(age()), SETTLED_MS),
    });
    // Some browsers fire no event when another window opens.
    for (const wait of FOCUS_MS) setTimeout(noteFocus, wait);
  };
};
