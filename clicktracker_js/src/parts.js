/** What is loaded only when it is asked for, from the folder this script came from. */

/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/** @typedef {Record<string, (...args: any[]) => any>} Parts functions that part files leave on `logdig.parts` */

/**
 * @param {string} name
 * @param {HTMLScriptElement | null} script this one's tag
 * @returns {Promise<(...args: any[]) => any>}
 */
export const part = (name, script) => {
  const known = loading.get(name);
  if (known) return known;
  /** @type {Promise<any>} */
  const made = new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = new URL(`clicktracker.${name}.js`, script?.src || location.href).href;
    tag.nonce = script?.nonce || '';
    tag.onload = () => resolve(/** @type {any} */ (window).logdig.parts[name]);
    tag.onerror = () => {
      loading.delete(name);
      reject(new Error(`${name} could not be loaded`));
    };
    document.head.append(tag);
  });
  loading.set(name, made);
  return made;
};
