/** Assigns visitors to variants; loaded with the first `experiment`. */

import { shareOf } from '../lib/hash.js';

/**
 * The same visitor always gets the same variant. All events of this page carry it, pending ones too.
 * @param {import('../context.js').Context} context
 * @param {string} name
 * @param {string[]} variants
 * @param {(variant: string) => void} [callback]
 */
export const run = ({ pageFields, readVisitor }, name, variants, callback) => {
  const variant = variants[Math.floor(shareOf(`experiment:${name}:${readVisitor().user}`) * variants.length)];
  // The collector would reject every event that carries an invalid one.
  if (typeof variant != 'string' || ![name, variant].every((text) => /^.{1,128}$/.test(text)))
    throw Error(`experiment "${name}" needs variants, as texts; all names have 1 to 128 characters`);
  pageFields.experiments = { ...pageFields.experiments, [name]: variant };
  callback?.(variant);
};
