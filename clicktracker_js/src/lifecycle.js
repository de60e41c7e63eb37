/** Reacts when the page hides, goes, comes back or is online again, and when another tab changes something. */

import { syncWithTabs } from './commands.js';
import { noteEffect } from './effects.js';
import { countEngaged, report } from './engagement.js';
import { on } from './lib/attempt.js';
import { forget, restore } from './lib/storage.js';
import { storePending } from './recorder.js';
import { send, sendAgain, sendBeacon } from './transport.js';

/** @param {() => void} ensureOpen begins the first page view if it has not begun */
export const watchLifecycle = (ensureOpen) => {
  let leaving = false;
  on(document, 'visibilitychange', () => {
    if (leaving) return;
    ensureOpen();
    if (!document.hidden) return countEngaged();
    noteEffect('hidden_ms');
    report();
    storePending();
    send();
  });
  on(window, 'pagehide', () => {
    leaving = true;
    ensureOpen();
    noteEffect('navigated_ms');
    report(true);
    storePending();
    sendBeacon();
  });
  // Restored from the back/forward cache: a new page view.
  on(window, 'pageshow', (event) => {
    leaving = false;
    if (event.persisted) syncWithTabs(true);
  });
  on(window, 'storage', ({ key, newValue }) => {
    // Another tab sent an event; without a key, it cleared everything.
    if (newValue == null) key ? forget(key) : restore();
    if (/^logdig:(consent|known)/.test(key)) syncWithTabs();
  });
  on(window, 'online', sendAgain);
};
