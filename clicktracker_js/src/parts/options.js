/** Applies settings other than token and endpoint; loaded before the start where there is one. */

import { apiUrl } from '../address.js';
import { attempt } from '../lib/attempt.js';
import { shareOf } from '../lib/hash.js';
import { nearest } from '../path.js';
import { warn } from '../warn.js';

/** Valid values: the first is the default, the last replaces an invalid value. */
const CHOICES = {
  autocapture: ['all', 'links', 'off'],
  consent: ['', 'all', 'ask'],
  respectGpc: ['true', 'false', 'true'],
  hash: ['false', 'true', 'false'],
  move: ['false', 'true', 'false'],
  excludeSearch: ['false', 'true'],
};

/** What the tracker of 2016 recorded. */
const LINKS = 'a,span,button,input,[href],[reactid],[data-reactid]';

/**
 * @param {import('../context.js').Context} context
 * @param {Record<string, any>} options
 * @param {() => void} listen
 * @param {import('../loader.js').LoadPart} loadPart
 */
export const run = ({ config, countDropped }, options, listen, loadPart) => {
  const { autocapture, excludeSearch, hash: keepHash, move, query, sampleRate, scrollRoot, beforeSend, decideEndpoint } = validated(options);

  if (decideEndpoint) config.decide = apiUrl(decideEndpoint);

  const isCampaign = config.keepsParameter;
  config.keepsParameter = (name) => excludeSearch != 'true' && (isCampaign(name) || query.includes(name));

  // Keep the path of a fragment; its parameters may be secret.
  if (keepHash == 'true') config.cleanFragment = (fragment) => fragment.split(/[?=&]/)[0];

  if (autocapture == 'off') config.isRecorded = () => false;
  if (autocapture == 'links') config.isRecorded = (path, type) => type == 'submit' || nearest(path, LINKS);

  const pageScroller = config.scrollerOf;
  config.scrollerOf = (path) => {
    const root = scrollRoot && document.querySelector(scrollRoot);
    if (!root || (path && !path.includes(root))) return pageScroller();
    const { left, top } = root.getBoundingClientRect();
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientHeight } = root;
    return { left, top, scrollLeft, scrollTop, scrollWidth, scrollHeight, clientHeight };
  };

  config.filter = (event) => {
    if (shareOf('sample:' + event.user_key) >= sampleRate) return null;
    event.sample_rate = sampleRate;
    const kept = beforeSend(event);
    if (!kept) countDropped({ before_send: 1 });
    return kept;
  };

  listen();
  if (move == 'true') loadPart('move');
};

/**
 * The settings with defaults; an invalid one is replaced, with a warning.
 * @param {Record<string, any>} options
 */
const validated = (options) => {
  const settings = { ...options };
  /** @param {string} name @param {unknown} replacement */
  const replace = (name, replacement) => {
    warn(`${name} is "${settings[name]}", taken as "${replacement}"`);
    settings[name] = replacement;
  };
  for (const [name, choices] of Object.entries(CHOICES)) {
    settings[name] = (settings[name] ?? choices[0]) + '';
    if (!choices.includes(settings[name])) replace(name, choices[choices.length - 1]);
  }
  settings.sampleRate ??= 1;
  // Without a digit it is no number, though JavaScript takes some for 0.
  if (!/\d/.test(settings.sampleRate) || !(settings.sampleRate >= 0 && settings.sampleRate <= 1)) replace('sampleRate', 1);
  settings.sampleRate = +settings.sampleRate;
  settings.query = `${settings.query ?? ''}`.split(/[ ,]+/).filter(Boolean);
  if (settings.scrollRoot && !attempt(() => document.querySelector(settings.scrollRoot) || true)) replace('scrollRoot', '');
  if (settings.decideEndpoint && !attempt(() => apiUrl(settings.decideEndpoint))) replace('decideEndpoint', '');
  settings.beforeSend = filterOf(settings.beforeSend);
  return settings;
};

/**
 * The site's `beforeSend`: a function, or the name of a global one. If it fails or does not exist, the event is dropped,
 * since data that it should have removed must not be sent.
 * @param {string | ((event: any) => any) | undefined} beforeSend
 * @returns {(event: any) => any}
 */
const filterOf = (beforeSend) => {
  let warned = false;
  if (!beforeSend) return (event) => event;
  return (event) => {
    try {
      const kept = (typeof beforeSend == 'string' ? /** @type {any} */ (window)[beforeSend] : beforeSend)(event);
      if (kept && !kept.event_id) throw Error('it must give the event or null');
      return kept;
    } catch (error) {
      if (!warned) warn('beforeSend fails, so events are dropped', error);
      warned = true;
      return null;
    }
  };
};
