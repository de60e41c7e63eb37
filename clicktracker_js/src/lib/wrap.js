import { attempt } from './attempt.js';

/**
 * Run work after each call of a browser's function. Objects that are frozen or absent stay as they are.
 * @param {any} target the object that has the function
 * @param {string} name
 * @param {() => void} work
 */
export const afterCall = (target, name, work) =>
  attempt(() => {
    const original = target[name];
    /** @param {unknown[]} values */
    const value = (...values) => {
      const result = original.apply(target, values);
      attempt(work);
      return result;
    };
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  });
