/**
 * How this site wants it. The rules are functions with the usual answer; what a site sets otherwise brings the part
 * `options`, which replaces them.
 */

const CAMPAIGN = /^utm_(source|medium|campaign|term|content)$/;

/**
 * What scrolls; `left` and `top` are its place on the screen where it is not the page.
 * @typedef {{scrollLeft: number, scrollTop: number, scrollWidth: number, scrollHeight: number, clientHeight: number, left?: number, top?: number}} Scroller
 */

/**
 * @typedef {object} Config
 * @property {string} token the app's public write token
 * @property {string} api where the collector's paths begin, with a slash at its end
 * @property {string} [decide] where the decision service's paths begin, if elsewhere
 * @property {{analytics: boolean, ads: boolean}} consent what is agreed to before anybody was asked
 * @property {() => unknown} denied whether the browser says no for its user, which turns everything off
 * @property {(name: string) => boolean} keeps whether a query parameter is kept
 * @property {(fragment: string) => string} fragment what is kept of an address behind its `#`
 * @property {(path: Element[], type: string) => unknown} allows whether a click or a submit on such a way is recorded
 * @property {(path?: Element[]) => Scroller} scroller what scrolls what lies on such a way
 * @property {(event: any) => any} filter what is kept of an event; null = nothing
 */

/** @type {Config} */
export const config = {
  token: '',
  api: '',
  consent: { analytics: true, ads: false },
  denied: () => /** @type {any} */ (navigator).globalPrivacyControl || navigator.doNotTrack == '1',
  keeps: (name) => CAMPAIGN.test(name),
  fragment: () => '',
  allows: () => true,
  scroller: () => document.scrollingElement || document.documentElement,
  filter: (event) => event,
};
