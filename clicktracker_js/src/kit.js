/** What parts take from here, so that they need not bring it again. */

import { on } from './attempt.js';
import { config } from './config.js';
import { agreed } from './consent.js';
import { anchorOf, nearest, pathOf, share } from './element.js';
import { hash } from './hash.js';
import { countDropped } from './queue.js';
import { tellers } from './reading.js';
import { facts, known, pageAge, record } from './recorder.js';
import { selectorOf } from './selector.js';
import { readVisitor } from './visitor.js';

export const kit = {
  on,
  config,
  agreed,
  anchorOf,
  nearest,
  pathOf,
  share,
  hash,
  countDropped,
  tellers,
  facts,
  customer: () => known.customer_id,
  pageAge,
  record,
  selectorOf,
  readVisitor,
};

/** @typedef {typeof kit} Kit */
