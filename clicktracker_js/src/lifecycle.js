/** The page hides, goes, comes back, finds the network again. */

import { on } from './guard.js';
import { storeNow } from './recorder.js';
import { forgetHanded, send, sendAtEnd } from './transport.js';

/** @param {() => void} comeBack called when the page returns from the back/forward cache, a new view of it */
export const watchLifecycle = (comeBack) => {
  let gone = false;
  on(document, 'visibilitychange', () => {
    if (document.visibilityState != 'hidden') return;
    storeNow(true);
    if (!gone) send();
  });
  on(window, 'pagehide', () => {
    gone = true;
    storeNow(true);
    sendAtEnd();
  });
  on(window, 'pageshow', (event) => {
    gone = false;
    forgetHanded();
    if (event.persisted) comeBack();
  });
  on(window, 'online', send);
};
