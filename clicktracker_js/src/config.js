/** The site's settings and rules. The rules are functions with the defaults; the part `options` replaces them. */

const CAMPAIGN = /^utm_(source|medium|campaign|term|content)$/;

/**
 * A scroll container; `left` and `top` are its place on the screen where it is not the page.
 * @typedef {{scrollLeft: number, scrollTop: number, scrollWidth: number, scrollHeight: number, clientHeight: number, left?: number, top?: number}} Scroller
 */

/**
 * @typedef {object} Config
 * @property {string | undefined} token the app's public write token; empty after an `init` that failed
 * @property {string} api base URL of the collector, ends with a slash
 * @property {string} [dashboard] origin of the owner's dashboard, whose map may be drawn on the page
 * @property {string} [decide] base URL of the decision service, if it is another
 * @property {Record<string, undefined>} envelope fields that are left out around the events, since the collector refused them
 * @property {{analytics: boolean, ads: boolean}} consent holds until the visitor was asked
 * @property {() => unknown} isBlocked whether the browser's privacy signals turn everything off
 * @property {(name: string) => boolean} keepsParameter whether a query parameter is kept
 * @property {(fragment: string) => string} cleanFragment returns what is kept of an address's fragment
 * @property {(path: Element[], type: string) => unknown} isRecorded whether a click or submit with this path is recorded
 * @property {(path?: Element[]) => Scroller} scrollerOf returns the scroll container of a path
 * @property {(event: any) => any} filter returns what is kept of an event; null = nothing
 */

/** @type {Config} */
export const config = {
  token: undefined,
  api: '',
  envelope: {},
  consent: { analytics: true, ads: false },
  isBlocked: () => /** @type {any} */ (navigator).globalPrivacyControl || navigator.doNotTrack == '1',
  keepsParameter: (name) => CAMPAIGN.test(name),
  cleanFragment: () => '',
  isRecorded: () => true,
  scrollerOf: () => document.scrollingElement || document.documentElement,
  filter: (event) => event,
};
