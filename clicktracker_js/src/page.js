/** Page views: when one begins, and what it says about itself. */

import { cleanAddress } from './address.js';
import { TEXT_LENGTH } from './limits.js';
import { beginPageView, record } from './recorder.js';
import { view } from './view.js';

const beginPage = () => {
  beginPageView();
  record('page', {}, () => ({
    page: {
      referrer: cleanAddress(document.referrer),
      title: document.title.slice(0, TEXT_LENGTH),
      language: navigator.language,
    },
    view: view(),
  }));
};

/** Begin a view of the page: now, or when a prerendered page is shown. */
export const page = () =>
  /** @type {any} */ (document).prerendering
    ? document.addEventListener('prerenderingchange', beginPage, { once: true })
    : beginPage();
