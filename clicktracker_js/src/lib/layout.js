/** Where elements of a page lie, and what they are called. Nothing on the page is changed. */

/**
 * @typedef {[left: number, top: number, width: number, height: number]} Box in CSS pixels
 * @typedef {object} Place
 * @property {Box} box of the page as it would be unscrolled; of a fixed part, of the viewport
 * @property {0 | 1 | 2} layer 0 scrolls with the page, 1 is fixed, 2 is sticky or in a part that scrolls by itself
 * @property {boolean} seen whether any of it can be seen without a click or a scroll inside of a part
 * @property {Box} [clip] what of the box can be seen, if not all
 */

/** The most characters of a name. */
const NAME_LENGTH = 80;
const CLIPS = /auto|scroll|hidden|clip/;

/** The next element outwards as the page is laid out: slots, then hosts of roots. @param {Element} element */
const outerOf = (element) =>
  element.assignedSlot || element.parentElement || /** @type {ShadowRoot} */ (element.getRootNode()).host || null;

/** @param {Box} box @param {Box} other @returns {Box} */
const overlap = ([left, top, width, height], other) => {
  const x = Math.max(left, other[0]);
  const y = Math.max(top, other[1]);
  return [x, y, Math.max(0, Math.min(left + width, other[0] + other[2]) - x), Math.max(0, Math.min(top + height, other[1] + other[3]) - y)];
};

/**
 * Make the function that measures elements at one moment: it keeps what it learns of their ancestors.
 * @param {Window} view
 * @returns {(element: Element) => Place}
 */
export const measurer = (view) => {
  const { document, scrollX, scrollY } = view;
  const page = document.documentElement;
  /** @type {Map<Element, {layer: 0 | 1 | 2, position: string, clips: Box | null, clipsAll: boolean, outer: Element | null}>} */
  const known = new Map();

  /** @param {Element} element */
  const factsOf = (element) => {
    let facts = known.get(element);
    if (!facts) {
      const { position, overflowX, overflowY, transform } = view.getComputedStyle(element);
      const isPage = element == page || element == document.body;
      const clips = !isPage && CLIPS.test(overflowX + overflowY) ? boxOf(element) : null;
      const scrolls = clips && /auto|scroll/.test(overflowX + overflowY) && (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth);
      facts = {
        layer: position == 'fixed' ? 1 : position == 'sticky' || scrolls ? 2 : 0,
        position,
        clips,
        // What is placed against an ancestor further out is not cut by this one.
        clipsAll: position != 'static' || transform != 'none',
        outer: outerOf(element),
      };
      known.set(element, facts);
    }
    return facts;
  };

  /** @param {Element} element @returns {Box} on the screen */
  const boxOf = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [left, top, width, height];
  };

  return (element) => {
    const box = boxOf(element);
    /** @type {0 | 1 | 2} */
    let layer = 0;
    let clip = box;
    let inside = '';
    for (let at = /** @type {Element | null} */ (element); at; ) {
      const facts = factsOf(at);
      const isPlaced = facts.clipsAll || inside != 'absolute';
      if (at != element && facts.clips && isPlaced) clip = overlap(clip, facts.clips);
      // An element that scrolls its own content stays where it is.
      if (facts.layer == 2 && (at != element || facts.position == 'sticky')) layer = 2;
      if (facts.layer == 1) layer ||= 1;
      if (isPlaced) inside = facts.position;
      at = facts.layer == 1 ? null : facts.outer;
    }
    const isFixed = layer == 1;
    const [x, y] = isFixed ? [0, 0] : [scrollX, scrollY];
    /** @param {Box} one @returns {Box} */
    const moved = ([left, top, width, height]) => [left + x, top + y, width, height];
    const whole = moved(box);
    // Off the page, as menus that slide in are.
    const width = Math.max(page.scrollWidth, view.innerWidth);
    const height = Math.max(page.scrollHeight, view.innerHeight);
    const isRtl = view.getComputedStyle(page).direction == 'rtl';
    const shown = overlap(moved(clip), [isRtl ? view.innerWidth - width : 0, 0, width, height]);
    const seen =
      shown[2] > 0 && shown[3] > 0 && /** @type {any} */ (element).checkVisibility({ opacityProperty: true, visibilityProperty: true });
    return { box: whole, layer, seen, ...(shown[2] < box[2] - 1 || shown[3] < box[3] - 1 ? { clip: shown } : {}) };
  };
};

const ROLES = /** @type {Record<string, string>} */ ({
  a: 'link', area: 'link', button: 'button', summary: 'button', img: 'image', svg: 'image', picture: 'image', video: 'video',
  select: 'list', textarea: 'text field', label: 'label', nav: 'navigation', main: 'main part', header: 'header', footer: 'footer',
  form: 'form', li: 'list item', p: 'paragraph', section: 'section', article: 'article', td: 'cell', th: 'cell',
}); // prettier-ignore
const FIELDS = /** @type {Record<string, string>} */ ({
  button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio button',
}); // prettier-ignore

/** What an element is, for people. @param {Element} element */
export const roleOf = (element) => {
  const { localName } = element;
  const [role] = (element.getAttribute('role') || '').split(' ');
  if (/^[a-z]{2,20}$/.test(role) && !/^(none|presentation|generic)$/.test(role)) return role;
  if (localName == 'input') return FIELDS[element.getAttribute('type') || ''] || 'text field';
  return /^h[1-6]$/.test(localName) ? 'heading' : ROLES[localName] || 'part';
};

/** What an element is called, as people read it; never what somebody typed. @param {Element} element */
export const nameOf = (element) => {
  const root = /** @type {Document} */ (element.getRootNode());
  /** @param {string} name */
  const attribute = (name) => element.getAttribute(name) || '';
  /** @param {Element | null | undefined} part */
  const textOf = (part) => (!part || /^(input|textarea|select)$/.test(part.localName) ? '' : part.textContent) || '';
  const labelled = attribute('aria-labelledby').split(/\s+/).filter(Boolean).map((id) => textOf(root.getElementById?.(id)));
  const isButton = element.localName == 'input' && /^(button|submit|reset)$/.test(attribute('type'));
  const candidates = [
    () => labelled.join(' '),
    () => attribute('aria-label'),
    () => attribute('alt'),
    () => (isButton ? attribute('value') : ''),
    () => textOf(/** @type {HTMLInputElement} */ (element).labels?.[0]),
    () => textOf(element),
    () => element.querySelector('[alt]')?.getAttribute('alt') || element.querySelector('[aria-label]')?.getAttribute('aria-label') || '',
    () => attribute('title') || attribute('placeholder') || attribute('name'),
  ];
  for (const candidate of candidates) {
    // The text of a whole page would be a name of megabytes.
    const name = `${candidate()}`.slice(0, 2000).replace(/\s+/g, ' ').trim();
    if (name) return name.length > NAME_LENGTH ? name.slice(0, NAME_LENGTH - 1) + '…' : name;
  }
  return '';
};
