/** Every number that is a choice, with its unit and why. A file of its own, so that the build writes them in place. */

/** What the collector takes: characters of an address, of a title, of a selector. */
export const ADDRESS_LENGTH = 4096;
export const TEXT_LENGTH = 512;
/** Steps of a selector: more would tie it to the page's whole build. */
export const SELECTOR_STEPS = 8;
/** An id or class longer than this is rarely written by a person. */
export const NAME_LENGTH = 40;
/** The whole of an element's width or height in `ex` and `ey`. */
export const WHOLE = 32767;

/** Letters of an event's id: 113 random bits. */
export const EVENT_ID_LENGTH = 22;
/** The collector takes no longer view of a page: 30 days, in milliseconds. */
export const LONGEST_VIEW_MS = 30 * 24 * 60 * 60_000;
/** Silence that ends a session, in milliseconds. */
export const SILENCE_MS = 30 * 60_000;
/** So many events are stored at once, or the task could get long. */
export const STORE_EVENTS = 20;
/** Those that come soon after each other are stored together: one waits so much longer for the next, in milliseconds. */
export const STORE_MS = 500;

/** Bounds of what waits in the browser. */
export const QUEUE_EVENTS = 1000;
export const QUEUE_BYTES = 512 * 1024;
/** The collector takes no larger event. */
export const EVENT_BYTES = 32 * 1024;

/** One request: browsers let 64 KB a page outlive it, and the envelope needs some of them. */
export const BATCH_BYTES = 59_000;
export const BATCH_EVENTS = 100;
/** Events gather so long before a request, in milliseconds. */
export const PAUSE_MS = 3000;
/** An answer that has not come after this many milliseconds does not come. */
export const TIMEOUT_MS = 30_000;

/** Waits after failures, in milliseconds: doubling from the first, to the longest; and after 401 and 403. */
export const FIRST_WAIT_MS = 3000;
export const LONGEST_WAIT_MS = 30 * 60_000;
export const CLOSED_WAIT_MS = 60 * 60_000;
/** What `Retry-After` may ask for at most. */
export const LONGEST_ASKED_MS = 24 * 60 * 60_000;

/** How long another tab may need to see what this one stored, in milliseconds. */
export const SHARED_MS = 100;
/** A click, or a page, has had its effect after this many milliseconds. */
export const SETTLED_MS = 2500;
/** Who touches nothing for so long does not read on, in milliseconds. */
export const IDLE_MS = 120_000;
/** What the collector takes of a page's version. */
export const VERSION_LENGTH = 64;
/** A fingerprint looks at this many elements at most: more would take too long. */
export const FINGERPRINT_ELEMENTS = 200;

/** A page waits for its song: after this many milliseconds `decide` answers that there is no offer. */
export const DECIDE_MS = 1000;
