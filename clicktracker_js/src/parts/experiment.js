/** Deals visitors out to variants; loaded with the first `experiment`. */

import { hash } from '../hash.js';

/**
 * The same visitor always meets the same variant. It travels on every event of this page, also on those made before
 * that are not stored yet.
 * @param {import('../kit.js').Kit} kit
 * @param {string} name
 * @param {string[]} variants
 * @param {(variant: string) => void} [callback]
 */
export const run = ({ facts, readVisitor }, name, variants, callback) => {
  const variant = variants[Math.floor((hash(name + ':' + readVisitor().user) / 2 ** 32) * variants.length)];
  // The collector would refuse every event that carries another.
  if (typeof variant != 'string' || ![name, variant].every((text) => /^.{1,128}$/.test(text)))
    throw Error(`experiment "${name}" needs variants, as texts; all names have 1 to 128 characters`);
  facts.experiments = { ...facts.experiments, [name]: variant };
  callback?.(variant);
};
