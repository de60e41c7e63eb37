// The dashboard: reads words and the app, draws the frame, and lets the page of the address line draw itself.

import { get, onChange, pageName } from './lib/address.js';
import { h } from './lib/element.js';
import { enter } from './lib/enter.js';
import { about, applyTheme, drawFrame, keepLooking, loadAbout } from './lib/frame.js';
import { trouble } from './lib/panel.js';
import { loadWords, setZone, t } from './lib/words.js';

const main = document.getElementById('main');
let shown = null;

/** Draws the page anew when another is asked, or its `view` says that another part of it is. */
async function show() {
  drawFrame();
  const name = pageName();
  const { draw, view = () => '' } = await import(`/static/pages/${name}.js`);
  const wanted = `${name} ${view()}`;
  if (wanted == shown || name != pageName()) return;
  const first = shown === null;
  shown = wanted;
  main.replaceChildren(h('h1.hidden', {}, t(`${name}.title`)));
  main.dataset.page = name;
  draw(main, about);
  main.removeAttribute('aria-busy');
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

async function start() {
  applyTheme();
  const loading = enter().then(loadAbout);
  // It is awaited below; until then a failure must not count as unheard.
  loading.catch(() => {});
  import(`/static/pages/${pageName()}.js`).catch(() => {});
  await loadWords(get('lang'));
  document.querySelector('.skip').textContent = t('frame.skip');
  try {
    await loading;
  } catch (error) {
    main.replaceChildren(h('h1.hidden', {}, 'LogDig'), h('section.card', {}, trouble(error, () => location.reload())));
    main.removeAttribute('aria-busy');
    return;
  }
  setZone(about.zone);
  onChange(show);
  await show();
  keepLooking();
}

start();
