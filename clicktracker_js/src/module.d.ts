/** Types of the ES module; docs/tracker.md describes the commands. */

/** Properties of a custom event. */
export type Props = Record<string, string | number | boolean | null>;

export interface Options {
  token: string;
  endpoint: string;
  /** Origin of your dashboard, whose click map may be drawn on the page when it opens it. */
  dashboard?: string;
  /** Address of the decision service, if it is not the collector's. */
  decideEndpoint?: string;
  consent?: 'ask' | 'all' | '';
  respectGpc?: boolean;
  autocapture?: 'all' | 'links' | 'off';
  hash?: boolean;
  move?: boolean;
  excludeSearch?: boolean;
  /** Names of query parameters that are kept, separated by commas or spaces. */
  query?: string;
  /** Share of visitors who are recorded: from 0, nobody, to 1, all. */
  sampleRate?: number;
  /** Selector of the element that scrolls instead of the page. */
  scrollRoot?: string;
  /** Returns the event, changed or not, or null to drop it; or the name of a global function. */
  beforeSend?: string | ((event: Record<string, unknown>) => Record<string, unknown> | null);
}

export interface Decision {
  decision: 'show' | 'suppress' | 'holdout';
  reason: string;
  decision_id?: string | null;
  ad?: string | null;
  /** Seconds the decision may be kept. */
  ttl_s?: number;
}

export function logdig(command: 'init', options: Options): void;
export function logdig(command: 'init', token: string, options: Omit<Options, 'token'>): void;
export function logdig(command: 'page' | 'flush' | 'optOut' | 'optIn'): void;
export function logdig(command: 'track', name: string, props?: Props): void;
export function logdig(command: 'listen', trackId: string | number, props?: { zip?: string | null; listened_ms?: number | null; mobile?: boolean }): void;
export function logdig(command: 'identify', customerId: string | number | null): void;
export function logdig(command: 'consent', answer: { analytics?: boolean; ads?: boolean }): void;
export function logdig(command: 'decide', placement: string, callback: (answer: Decision) => void): void;
export function logdig(command: 'ad', name: string, action: 'view' | 'click' | 'dismiss', decisionId?: string | number | null, placement?: string | null): void;
export function logdig<V extends string>(command: 'experiment', name: string, variants: readonly V[], callback?: (variant: V) => void): void;
export function logdig(command: 'staff' | 'debug', on?: boolean): void;
