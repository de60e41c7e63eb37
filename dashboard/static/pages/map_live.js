// Names of elements, and the same map on the live page.

import { t } from '/static/lib/words.js';

/** What an element is called, as people read it: its name, then what it is. */
export function nameOf(place, { selector, tag }) {
  const kind = place?.role || tag || '';
  const name = place?.name || /(?:#|="|\.)([^"#.\s>]+)"?\]?(?::[^ >]*)?$/.exec(selector)?.[1] || selector;
  return kind ? `${name}, ${kind}` : name;
}

/** Opens the page itself and hands its overlay the cells. */
export function openLive(view, page) {
  void view;
  void page;
  alert(t('map.live'));
}
