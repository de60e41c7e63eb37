/**
 * What the script hands its parts: everything with state, and what is too large to bundle again. A browser may combine a
 * cached part of one build with the script of another, so these names, and those in `config`, stay.
 */

import { config } from './config.js';
import { currentConsent, isOptedOut } from './consent.js';
import { noteEffect } from './effects.js';
import { reporters } from './engagement.js';
import { read, remove, write } from './lib/storage.js';
import { countDropped } from './queue.js';
import { identity, pageAge, pageFields, record } from './recorder.js';
import { selectorOf } from './selector.js';
import { readVisitor } from './visitor.js';

export const context = {
  config,
  currentConsent,
  isOptedOut,
  countDropped,
  noteEffect,
  reporters,
  pageFields,
  customerId: () => identity.customer_id,
  pageAge,
  record,
  selectorOf,
  read,
  remove,
  write,
  readVisitor,
};

/** @typedef {typeof context} Context */
