/** Page views: when one begins, and what it says about itself. */

import { cleanAddress } from './address.js';
import { noteEffect } from './after.js';
import { afterFrame, attempt, on } from './attempt.js';
import { config } from './config.js';
import { TEXT_LENGTH } from './limits.js';
import { beginReading, tell } from './reading.js';
import { beginPageView, page, record } from './recorder.js';
import { view } from './view.js';

/** Begin a view of the page. */
export const openPage = () => {
  const address = cleanAddress(location.href);
  const before = page?.current_page;
  beginPageView(address);
  beginReading();
  /** @type {Record<string, any>} */
  const own = {
    page: {
      referrer: before && before != address ? before : cleanAddress(document.referrer),
      language: navigator.language,
      get title() {
        // Not its own method: a form of that name may stand for it.
        return `${document.title}`.slice(0, TEXT_LENGTH);
      },
    },
  };
  record('page', own);
  afterFrame(() => (own.view = view(config.scroller())));
};

/** The page has changed its own address: a new page, if what is recorded of it differs. */
const followAddress = () => {
  if (cleanAddress(location.href) == page.current_page) return;
  noteEffect('navigated_ms');
  tell();
  openPage();
};

/** Follow what the page does to its own address. */
export const watchAddress = () => {
  for (const name of /** @type {const} */ (['pushState', 'replaceState'])) {
    const original = history[name];
    /** @param {Parameters<History['pushState']>} given */
    const value = (...given) => {
      original.apply(history, given);
      attempt(followAddress);
    };
    attempt(() => Object.defineProperty(history, name, { value, configurable: true, writable: true }));
  }
  on(window, 'popstate', followAddress);
};
