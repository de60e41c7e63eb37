/** Loads parts: files of their own that are fetched on demand. */

/**
 * @typedef {(name: string, ...values: any[]) => Promise<any>} LoadPart loads a part and runs it with these values. A part
 * that cannot be loaded, or fails, is a warning on the console and the result is undefined.
 */

/** @type {LoadPart} */
export let loadPart;

/** Each build finds its parts in its own way. @param {LoadPart} loader */
export const setPartLoader = (loader) => {
  loadPart = loader;
};
