/** Page views: when they begin, and the event that says so. */

import { cleanAddress } from './address.js';
import { config } from './config.js';
import { noteEffect } from './effects.js';
import { report, resetEngagement } from './engagement.js';
import { afterFrame, attempt, on } from './lib/attempt.js';
import { TEXT_LENGTH } from './limits.js';
import { beginPageView, pageView, record } from './recorder.js';
import { view } from './view.js';

/** Begin a page view and record its event. */
export const openPage = () => {
  const address = cleanAddress(location.href);
  const previous = pageView?.current_page;
  beginPageView(address);
  resetEngagement();
  /** @type {Record<string, any>} */
  const part = {
    page: {
      referrer: previous && previous != address ? previous : cleanAddress(document.referrer),
      language: navigator.language,
      get title() {
        // Not `document.title.slice`: a form called `title` may stand in its place.
        return `${document.title}`.slice(0, TEXT_LENGTH);
      },
    },
  };
  record('page', part);
  afterFrame(() => (part.view = view(config.scrollerOf())));
};

/** Begin a page view if the recorded part of the address changed. */
const followAddress = () => {
  if (cleanAddress(location.href) == pageView.current_page) return;
  noteEffect('navigated_ms');
  report();
  openPage();
};

/** Watch the page change its own address. */
export const watchAddress = () => {
  for (const name of /** @type {const} */ (['pushState', 'replaceState'])) {
    const original = history[name];
    /** @param {Parameters<History['pushState']>} values */
    const value = (...values) => {
      original.apply(history, values);
      attempt(followAddress);
    };
    attempt(() => Object.defineProperty(history, name, { value, configurable: true, writable: true }));
  }
  on(window, 'popstate', followAddress);
};
