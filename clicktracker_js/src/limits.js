/** Every number that is a choice, with unit and reason. In a file of its own, so that the build inlines them. */

/** Characters of an address that the collector accepts. */
export const ADDRESS_LENGTH = 4096;
/** Characters of a title or selector that the collector accepts. */
export const TEXT_LENGTH = 512;
/** Characters of an element's tag that the collector accepts. */
export const TAG_LENGTH = 64;
/** Characters of a page's version that the collector accepts. */
export const VERSION_LENGTH = 64;
/** Steps of a selector: with more, each change of the page's structure would break it. */
export const SELECTOR_STEPS = 8;
/** The full width or height of an element in `ex` and `ey`. */
export const BOX_SIZE = 32767;

/** Characters of an event's id: 113 random bits. */
export const EVENT_ID_LENGTH = 22;
/** The longest page view that the collector accepts: 30 days, in milliseconds. */
export const LONGEST_VIEW_MS = 30 * 24 * 60 * 60_000;
/** Silence that ends a session, in milliseconds. */
export const SILENCE_MS = 30 * 60_000;
/** The most events that one task stores, so that no task gets long. */
export const STORE_EVENTS = 20;
/** Extra wait in milliseconds, so that events in quick succession are stored together. */
export const STORE_MS = 500;

/** Limits of the queue in the browser. */
export const QUEUE_EVENTS = 1000;
export const QUEUE_BYTES = 512 * 1024;
/** The largest event that the collector accepts. */
export const EVENT_BYTES = 32 * 1024;

/** One request: browsers let 64 KB a page outlive it, and the envelope needs some of them. */
export const BATCH_BYTES = 59_000;
export const BATCH_EVENTS = 100;
/** Pause before a request in which events gather, in milliseconds. */
export const PAUSE_MS = 3000;
/** How long a request may take, in milliseconds. */
export const TIMEOUT_MS = 30_000;

/** Waits after failures, in milliseconds: doubling from the first to the longest; and after 401 and 403. */
export const FIRST_WAIT_MS = 3000;
export const LONGEST_WAIT_MS = 30 * 60_000;
export const UNAUTHORIZED_WAIT_MS = 60 * 60_000;
/** The longest `Retry-After` that is obeyed, in milliseconds. */
export const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60_000;

/** How long another tab may need to see a change of localStorage, in milliseconds. */
export const SHARED_MS = 100;
/** How long effects of a click, or changes of a new page, are awaited, in milliseconds. */
export const SETTLED_MS = 2500;
/** The longest time between two activities that counts as engaged, in milliseconds. */
export const IDLE_MS = 120_000;
/** The most elements that a fingerprint reads: more would take too long. */
export const FINGERPRINT_ELEMENTS = 200;

/** How long `decide` waits for an answer, in milliseconds: a song waits for it. */
export const DECIDE_MS = 1000;
