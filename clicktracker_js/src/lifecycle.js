/** The page hides, goes, comes back, finds the network again. */

import { noteEffect } from './after.js';
import { on } from './attempt.js';
import { followTabs } from './commands.js';
import { live, tell } from './reading.js';
import { storeNow } from './recorder.js';
import { send, sendAtEnd } from './transport.js';

/** @param {() => void} open opens the page, if that is still to be done */
export const watchLifecycle = (open) => {
  let gone = false;
  on(document, 'visibilitychange', () => {
    if (gone) return;
    open();
    if (!document.hidden) return live();
    tell();
    storeNow();
    send();
  });
  on(window, 'pagehide', () => {
    gone = true;
    open();
    noteEffect('navigated_ms');
    tell(true);
    storeNow();
    sendAtEnd();
  });
  // From the back/forward cache: a new view of the page.
  on(window, 'pageshow', (event) => {
    gone = false;
    if (event.persisted) followTabs(true);
  });
  on(window, 'storage', ({ key }) => /^logdig:(consent|known)/.test(key) && followTabs());
  on(window, 'online', send);
};
