/**
 * A selector that finds the same element after a rerender and after the next build, and that matches one element when it
 * is made. It begins at the nearest `data-logdig-id`, `data-logdig-region`, id that a person wrote, or unique landmark,
 * and leads down by tags, names, stable classes or positions.
 */

import { isStable, looksWritten } from './lib/names.js';
import { SELECTOR_STEPS, TEXT_LENGTH } from './limits.js';
import { nearest } from './path.js';

/** Attributes that name an element, best first; of a masked one only the first two are used. */
const ATTRIBUTES = ['data-logdig-id', 'data-logdig-region', 'id', 'role', 'name', 'for', 'type'];
/** Their values that are used: roles of parts of a page, and names without a number, which may be another next time. */
const VALUE = /^(data.*=.|role=(main|nav|.*dialog|search|banner|content)|(name|for|type)=[^\d:@]{1,40}\d?$)/;
/** What a selector begins with: our attributes, ids, roles, tags of parts of a page, custom elements. */
const BEGINNING = /^(\[[dr]|#|(main|header|nav|footer|form|aside|dialog|search)$|\w+-)/;
/** Where there is none, anything but tags of which any part of the page may bring more. */
const UNCOMMON = /^(?!(div|span|p|a|button|li|label)$)/;

/** @param {Element} element */
const tagOf = ({ localName }) => localName.replace(/[^\w-]/g, '\\$&');

/**
 * What tells an element from others of its tag.
 * @param {Element} element
 * @param {boolean} masked
 */
export const namesOf = (element, masked) => {
  const names = ATTRIBUTES.slice(0, masked ? 2 : 7).flatMap((name) => {
    // Not `element.id`, which in a form may be a field of that name.
    const value = element.getAttribute(name) || '';
    if (name == 'id') return looksWritten(value) ? '#' + value : [];
    return VALUE.test(name + '=' + value) ? `[${name}="${CSS.escape(value)}"]` : [];
  });
  return masked ? names : [...names, ...[...element.classList].filter(isStable).map((name) => '.' + name)];
};

/**
 * @param {Element} element
 * @param {boolean} masked leave out ids, classes and names, which may hold personal data
 * @param {number} [limit] steps; those inside a shadow root and those to its host share it
 * @returns {string | null} null when it would be too long, or when so many steps match other elements too
 */
export const selectorOf = (element, masked, limit = SELECTOR_STEPS) => {
  const root = /** @type {ShadowRoot} */ (element.getRootNode());
  const { host } = root;
  /** @param {string} selector */
  const count = (selector) => root.querySelectorAll(selector).length;

  /** @type {string[]} innermost first */
  let steps = [];
  /** @type {string | undefined} */
  let beginning;
  for (const pattern of [BEGINNING, UNCOMMON]) {
    if (beginning) break;
    steps = [];
    for (let at = /** @type {Element | null} */ (element); at && !beginning; at = at.parentElement) {
      // An id of the body says no more than the body.
      if (at == document.body && pattern == BEGINNING) break;
      beginning = [...namesOf(at, masked), tagOf(at)].find((name) => pattern.test(name) && count(name) == 1);
      steps.push(beginning || stepOf(at, masked));
    }
  }

  /** Where steps are left out, descendants are joined. @param {number[]} kept */
  const join = (kept) =>
    steps
      .map((step, index) => (kept.includes(index) ? step : ''))
      .reverse()
      .join(' > ')
      .replace(/( > ){2,}/g, ' ');
  let kept = [...steps.keys()];
  // A long way, and one to a name, keeps its ends and those steps between them that leave the fewest matches.
  if (kept[1] && (kept[host ? limit / 2 : limit] || /\[(data|name)/.test(steps[0]))) kept = [0, kept.length - 1];
  let selector = '';
  while (kept.length > limit || count((selector = join(kept))) != 1) {
    // Steps that say more than a tag come first.
    const [best] = steps
      .flatMap((step, index) =>
        kept.includes(index) ? [] : [[count(join([...kept, index])) + (/[.:[]/.test(step) ? 0 : 1e6), index]],
      )
      .sort((a, b) => a[0] - b[0]);
    if (!best || kept.length >= limit) return null;
    kept.push(best[1]);
  }
  const outer = host && selectorOf(host, masked, limit - kept.length);
  if (host) selector = outer + ' >>> ' + selector;
  return outer === null || selector.length > TEXT_LENGTH ? null : selector;
};

/**
 * One step: the tag, with a name, class or position where a sibling has the same tag. A name that no such sibling has
 * outlives a new sibling better than a position does.
 * @param {Element} element
 * @param {boolean} masked
 */
const stepOf = (element, masked) => {
  let names = namesOf(element, masked);
  // Ours, and the names of fields, stay even where the tag alone would do.
  const name = names.find((name) => /^\[(data|name)/.test(name)) || '';
  // What dialogs and banners add to the body and take away again must not pass for the page itself.
  if (element.parentNode == document.body && !element.hasAttribute('id')) names.push(':not([id])');
  let position = 0;
  let sameTag = 0;
  // Not `children`, which in a form may be a field of that name. There may be hundreds, so stop when enough is known.
  let sibling = element.parentNode?.firstElementChild;
  for (; sibling && (names[0] || !position || !sameTag); sibling = sibling.nextElementSibling)
    if (sibling == element) position = sameTag + 1;
    else if (sibling.localName == element.localName) {
      sameTag++;
      names = names.filter((name) => !nearest([/** @type {Element} */ (sibling)], name));
    }
  return tagOf(element) + ((sameTag && names[0]) || name + (sameTag ? `:nth-of-type(${position})` : ''));
};
