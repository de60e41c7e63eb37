/** What `logdig(name, ...)` does, one function a command. The collector judges what they are given. */

import { config } from './config.js';
import { agreed, noteConsent, optIn, optOut } from './consent.js';
import { DECIDE_MS } from './limits.js';
import { alone } from './lock.js';
import { page } from './page.js';
import { customerId, forgetFresh, record, setCustomer, storeNow } from './recorder.js';
import { send } from './transport.js';
import { forgetVisitor, readVisitor } from './visitor.js';

/** @type {string} */
const address = /** @type {any} */ (document.currentScript)?.src || location.href;

/** Ids given as numbers become text. @param {unknown} id */
const text = (id) => (id == null ? null : String(id));

/** Ask what follows from a change of consent. @param {() => void} change */
const withConsent = (change) => {
  const before = agreed();
  storeNow();
  change();
  const { analytics } = agreed();
  if (!analytics) forgetVisitor();
  else if (!before.analytics) {
    page();
    setCustomer(customerId());
  }
};

/** @type {Record<string, (...values: any[]) => void>} */
export const commands = {
  page,

  track: (name, props) => record('custom', { custom: { name, props } }),

  listen: (id, props) => record('listen', { listen: { track_id: text(id), mobile: isMobile(), ...props } }),

  ad: (name, action, id, placement) => record('ad', { ad: { name, action, decision_id: text(id), placement } }),

  /** Null = the customer left. */
  identify: (id) => {
    setCustomer(text(id));
    if (id != null) record('identify', {});
  },

  consent: (answer) => withConsent(() => noteConsent(answer)),

  optOut: () => {
    forgetFresh();
    optOut();
  },

  optIn: () => withConsent(optIn),

  flush: () =>
    alone(() => {
      storeNow();
      send();
    }),

  /** The callback gets one answer, within a second, whatever happens. */
  decide: (placement, callback) => {
    storeNow();
    const consent = agreed();
    const person = { user_key: consent.analytics ? readVisitor().user : null, customer_id: customerId() };
    const late = new Promise((resolve) => setTimeout(resolve, DECIDE_MS));
    const asked = import(new URL('clicktracker.decide.js', address).href).then(({ decide }) =>
      decide(config.api + 'decide', { token: config.token, ...person, placement, consent }),
    );
    Promise.race([asked, late])
      .catch(() => {})
      .then((answer) => callback(answer || { decision: 'suppress', reason: 'timeout' }));
  },
};

const isMobile = () => /** @type {any} */ (navigator).userAgentData?.mobile ?? /Mobi/.test(navigator.userAgent);
