/** Page views: when they begin, and the event that says so. */

import { cleanAddress } from './address.js';
import { config } from './config.js';
import { noteEffect } from './effects.js';
import { report, resetEngagement } from './engagement.js';
import { afterFrame, attempt, on } from './lib/attempt.js';
import { afterCall } from './lib/wrap.js';
import { TEXT_LENGTH } from './limits.js';
import { beginPageView, pageView, record } from './recorder.js';
import { view } from './view.js';

/** Keep the title of the page view that ends, before the next one's is there. */
let keepTitle = () => {};

/** Watches the page's title. @type {MutationObserver | undefined} */
let titles;
/** @type {string} */
let latestTitle;

// Not `document.title.slice`: a form called `title` may stand in its place.
const readTitle = () => (latestTitle = `${document.title}`.slice(0, TEXT_LENGTH));

/** Begin a page view and record its event. */
export const openPage = () => {
  const address = cleanAddress(location.href);
  const previous = pageView?.current_page;
  beginPageView(address);
  resetEngagement();
  keepTitle();
  /** @type {string | undefined} */
  let title;
  /** @type {Record<string, any>} */
  const part = {
    page: {
      referrer: previous && previous != address ? previous : cleanAddress(document.referrer),
      language: navigator.language,
      get title() {
        return (title ??= readTitle());
      },
    },
  };
  // A title that changed just before the address, in the same task, is the next view's.
  keepTitle = () => {
    const before = latestTitle;
    const now = readTitle();
    title ??= titles?.takeRecords()[0] ? before : now;
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

/** Watch the page change its own address, by any of the two ways or back and forward. */
export const watchAddress = () => {
  for (const name of ['pushState', 'replaceState']) afterCall(history, name, followAddress);
  on(window, 'popstate', followAddress);
  attempt(() => {
    readTitle();
    titles = new MutationObserver(readTitle);
    titles.observe(document.head, { subtree: true, childList: true, characterData: true });
  });
  attempt(() => on(/** @type {any} */ (window).navigation, 'currententrychange', followAddress));
};
