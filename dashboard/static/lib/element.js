// Elements made of values. Text only ever becomes text nodes, so that nothing which came from outside becomes markup.

/**
 * Makes an element: `h('button.quiet', { type: 'button', onclick }, 'Close')`.
 * Classes stand behind dots; names that begin with `on` are listeners; `data` is an object of data attributes; null,
 * undefined and false leave an attribute out, true sets it empty. Children may be nested lists; null and false are left out.
 */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const made = document.createElement(tag);
  made.className = classes.join(' ');
  set(made, attributes);
  made.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for a drawing: `svg('path', { d: 'M0 0h9' })`. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  set(made, attributes);
  made.append(...children);
  return made;
}

function set(made, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (key == 'data') Object.assign(made.dataset, value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
}

/** A link that may be followed: addresses of the web only, so that no stored `javascript:` runs. */
export function safeLink(address) {
  try {
    return ['http:', 'https:'].includes(new URL(address).protocol) ? address : null;
  } catch {
    return null;
  }
}

const ICONS = {
  down: 'M12 4v11m-5-5 5 5 5-5M5 20h14',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  out: 'M8 16 17 7M9 7h8v8',
  theme: 'M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z',
};

/** A small drawing beside a word; it says nothing of its own. */
export function icon(name) {
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }));
}
