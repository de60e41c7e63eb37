/**
 * Finds the elements of stored clicks on a page as it is now: one match or none. A selector comes from visitors, so it is
 * run only if it has the form that selectors of clicks have.
 */

import { isStable, looksWritten } from './names.js';

/** One piece of a selector: tag, id or class, attribute, place among siblings, what joins two steps. */
const PIECE = /[#.]?(?:[\w\-\u0080-\uffff]|\\.)+|\[[\w-]+="(?:[^"\\]|\\.)*"\]|:nth-of-type\(\d+\)|:not\(\[id\]\)| >>> | > | /y;
/** The longest selector that is run; collectors accept half of it. */
const LONGEST = 1024;
const LINKS = 'a[href],area[href]';

/** @param {string} text */
const isSelector = (text) => {
  if (!text || text.length > LONGEST) return false;
  for (PIECE.lastIndex = 0; PIECE.lastIndex < text.length; ) if (!PIECE.test(text)) return false;
  return true;
};

/**
 * The one element that a selector finds, through open shadow roots.
 * @param {Document | ShadowRoot} document
 * @param {string} selector
 */
const onlyMatch = (document, selector) => {
  let root = /** @type {Document | ShadowRoot | null} */ (document);
  let found;
  for (const part of selector.split(' >>> ')) {
    /** @type {NodeListOf<Element> | undefined} */
    let all;
    try {
      all = root?.querySelectorAll(part);
    } catch {
      // Its pieces are right and their order is not.
    }
    if (all?.length != 1) return null;
    [found] = all;
    root = found.shadowRoot;
  }
  return found || null;
};

/** The link that an element is in, or is, also through the hosts of its roots. @param {Element} element */
const linkOf = (element) => {
  for (let at = element; at; at = /** @type {ShadowRoot} */ (at.getRootNode()).host) {
    const link = at.closest(LINKS);
    if (link) return /** @type {HTMLAnchorElement} */ (link);
  }
};

/** @param {string} address @param {string} [base] */
const parsed = (address, base) => {
  try {
    return new URL(address, base);
  } catch {
    return null;
  }
};

/**
 * Whether a link of the page leads where a stored one led. Stored ones lack most query parameters and fragments, so what
 * they have must be there, and no more is asked.
 * @param {HTMLAnchorElement} element
 * @param {URL} stored
 */
const leadsTo = (element, stored) => {
  const now = parsed(element.href, element.baseURI);
  if (!now || now.protocol.replace('s:', ':') != stored.protocol.replace('s:', ':')) return false;
  // Of `mailto:` and others only the scheme is stored.
  if (!/^http|^file/.test(now.protocol)) return true;
  return (
    now.host == stored.host &&
    now.pathname == stored.pathname &&
    (!stored.hash || now.hash.startsWith(stored.hash)) &&
    [...stored.searchParams].every(([name, value]) => now.searchParams.getAll(name).includes(value))
  );
};

/** Of names, those that may identify nobody. @param {string | null} names */
const harmless = (names) => (names || '').replace(/\S*(@|\d{4})\S*/g, '');

/** @param {string} classes */
const stableOf = (classes) => classes.split(/\s+/).filter(isStable).sort().join(' ');

/**
 * Whether an element still has the name `tag;class;id;name;...` that was stored; what a build or a state changes does not
 * count.
 * @param {Element} element
 * @param {string} stored
 */
const hasName = (element, stored) => {
  const [tag, classes = '', id = '', name = ''] = stored.split(';');
  const own = harmless(element.id && typeof element.id == 'string' ? element.id : '');
  return (
    element.localName == tag &&
    stableOf(harmless(element.getAttribute('class'))) == stableOf(classes) &&
    (own == id || !(looksWritten(own) || looksWritten(id))) &&
    harmless(element.getAttribute('name')) == name
  );
};

/**
 * Whether an element, or one that it is in, is one of several alike, so that its place says little about who it is.
 * @param {Element} element
 */
const isInList = (element) => {
  for (let at = /** @type {Element | null} */ (element); at?.parentElement; at = at.parentElement) {
    /** @param {Element} one */
    const lookOf = (one) => [one.localName, stableOf(one.getAttribute('class') || ''), one.firstElementChild?.localName].join();
    const look = lookOf(at);
    for (const side of /** @type {const} */ (['nextElementSibling', 'previousElementSibling']))
      if (at[side] && lookOf(/** @type {Element} */ (at[side])) == look) return true;
  }
  return false;
};

/**
 * Make the function that finds elements. Ask a new one after the page has changed: it keeps the page's links.
 * @param {Document} document
 * @returns {(selector: string, link?: string | null) => Element | null}
 */
export const resolver = (document) => {
  /** @type {Map<Node, HTMLAnchorElement[]>} */
  const links = new Map();

  /** The only link near an element that leads there. @param {Element} element @param {URL} stored */
  const onlyLink = (element, stored) => {
    const root = /** @type {Document} */ (element.getRootNode());
    if (!links.has(root)) links.set(root, [...root.querySelectorAll(LINKS)].map((link) => /** @type {any} */ (link)));
    const found = /** @type {HTMLAnchorElement[]} */ (links.get(root)).filter((link) => leadsTo(link, stored));
    return found.length == 1 ? found[0] : null;
  };

  return (selector, link) => {
    const found = isSelector(selector) ? onlyMatch(document, selector) : null;
    if (!found) return null;
    // At a place in a list another element may stand now; who has a name is who it was.
    const otherwise = /:nth-of-type/.test(selector) && isInList(found) ? null : found;
    if (!link) return otherwise;
    const stored = /^[a-z][a-z\d+.-]*:/i.test(link) ? parsed(link) : null;
    if (!stored) return hasName(found, link) ? found : otherwise;
    const now = linkOf(found);
    return now && leadsTo(now, stored) ? found : onlyLink(found, stored) || otherwise;
  };
};
