/** The page hides, goes, comes back, finds the network again. */

import { on } from './listen.js';
import { page } from './page.js';
import { storeNow } from './recorder.js';
import { send, sendAtEnd } from './transport.js';

export const watchLifecycle = () => {
  let gone = false;
  on(document, 'visibilitychange', () => {
    if (!document.hidden) return;
    storeNow(true);
    if (!gone) send();
  });
  on(window, 'pagehide', () => {
    gone = true;
    storeNow(true);
    sendAtEnd();
  });
  // From the back/forward cache: a new view of the page.
  on(window, 'pageshow', (event) => {
    gone = false;
    if (event.persisted) page();
  });
  on(window, 'online', send);
};
