/** What a site sets otherwise than most; loaded before the start when there is such a setting. */

import { apiOf } from '../address.js';
import { attempt } from '../attempt.js';
import { warn } from '../bring.js';
import { hash } from '../hash.js';
import { nearest } from '../path.js';

/** What each may be: the first when it is not set, the last when it is set wrong. */
const CHOICES = {
  autocapture: ['all', 'links', 'off'],
  consent: ['', 'all', 'ask'],
  respectGpc: ['true', 'false', 'true'],
  hash: ['false', 'true', 'false'],
  move: ['false', 'true', 'false'],
  excludeSearch: ['false', 'true'],
};

/** What the tracker of 2016 meant to record. */
const LINKS = 'a,span,button,input,[href],[reactid],[data-reactid]';

/**
 * @param {import('../kit.js').Kit} kit
 * @param {Record<string, any>} given
 * @param {() => void} begin
 * @param {(part: string, ...values: any[]) => Promise<any>} bring
 */
export const run = ({ config, countDropped }, given, begin, bring) => {
  const { autocapture, consent, respectGpc, excludeSearch, hash: byHash, move, query, sampleRate, scrollRoot, beforeSend, decideEndpoint } = checked(given);

  if (decideEndpoint) config.decide = apiOf(decideEndpoint);

  if (consent) config.consent = { analytics: consent == 'all', ads: consent == 'all' };
  if (respectGpc == 'false') config.denied = () => false;

  const campaign = config.keeps;
  config.keeps = (name) => excludeSearch != 'true' && (campaign(name) || query.includes(name));

  // A fragment that names a page is a path; what looks like parameters may be a secret.
  if (byHash == 'true') config.fragment = (fragment) => fragment.split(/[?=&]/)[0];

  if (autocapture == 'off') config.allows = () => false;
  if (autocapture == 'links') config.allows = (path, type) => type == 'submit' || nearest(path, LINKS);

  const page = config.scroller;
  config.scroller = (path) => {
    const root = scrollRoot && document.querySelector(scrollRoot);
    if (!root || (path && !path.includes(root))) return page();
    const { left, top } = root.getBoundingClientRect();
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientHeight } = root;
    return { left, top, scrollLeft, scrollTop, scrollWidth, scrollHeight, clientHeight };
  };

  config.filter = (event) => {
    if (hash(event.user_key) / 2 ** 32 >= sampleRate) return null;
    event.sample_rate = sampleRate;
    const kept = beforeSend(event);
    if (!kept) countDropped({ before_send: 1 });
    return kept;
  };

  begin();
  if (move == 'true') bring('move');
};

/**
 * Settings as they hold; a wrong one is one warning.
 * @param {Record<string, any>} given
 */
const checked = (given) => {
  const settings = { ...given };
  /** @param {string} name @param {unknown} instead */
  const wrong = (name, instead) => {
    warn(`${name} is "${settings[name]}", taken as "${instead}"`);
    settings[name] = instead;
  };
  for (const [name, choices] of Object.entries(CHOICES)) {
    settings[name] = (settings[name] ?? choices[0]) + '';
    if (!choices.includes(settings[name])) wrong(name, choices[choices.length - 1]);
  }
  settings.sampleRate ??= 1;
  if (!(settings.sampleRate > 0 && settings.sampleRate <= 1)) wrong('sampleRate', 1);
  settings.sampleRate = +settings.sampleRate;
  settings.query = `${settings.query ?? ''}`.split(/[ ,]+/).filter(Boolean);
  if (settings.scrollRoot && !attempt(() => document.querySelector(settings.scrollRoot) || true)) wrong('scrollRoot', '');
  if (settings.decideEndpoint && !attempt(() => apiOf(settings.decideEndpoint))) wrong('decideEndpoint', '');
  settings.beforeSend = filterOf(settings.beforeSend);
  return settings;
};

/**
 * The site's own function, by itself or by the name of a global one. One that fails, or is not there, drops the event:
 * what it should have taken out must not be sent.
 * @param {string | ((event: any) => any) | undefined} given
 * @returns {(event: any) => any}
 */
const filterOf = (given) => {
  let warned = false;
  if (!given) return (event) => event;
  return (event) => {
    try {
      const kept = (typeof given == 'string' ? /** @type {any} */ (window)[given] : given)(event);
      if (kept && !kept.event_id) throw Error('it must give the event or null');
      return kept;
    } catch (error) {
      if (!warned) warn('beforeSend fails, so events are dropped', error);
      warned = true;
      return null;
    }
  };
};
