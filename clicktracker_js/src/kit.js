/** What parts take from here: what has a state, or is too large to bring again. */

import { config } from './config.js';
import { agreed, silenced } from './consent.js';
import { countDropped } from './queue.js';
import { tellers } from './reading.js';
import { facts, known, pageAge, record } from './recorder.js';
import { selectorOf } from './selector.js';
import { read, remove, write } from './storage.js';
import { readVisitor } from './visitor.js';

export const kit = {
  config,
  agreed,
  silenced,
  countDropped,
  tellers,
  facts,
  customer: () => known.customer_id,
  pageAge,
  record,
  selectorOf,
  read,
  remove,
  write,
  readVisitor,
};

/** @typedef {typeof kit} Kit */
