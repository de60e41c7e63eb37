/**
 * The browser's own values of global names. A page may have a variable of such a name, as in `var URL = '/app/'`: where
 * one holds neither a function nor an object of the browser, all are taken from an empty frame. Called when the file is
 * evaluated, so that variables that the page sets later change nothing.
 * @param {string} names separated by commas
 * @returns {any[]}
 */
export const intact = (names) => {
  const from = (/** @type {any} */ realm) => names.split(',').map((name) => realm[name]);
  const values = from(window);
  // A plain object of the page reads `[object Object]`, one of the browser `[object Math]`.
  if (values.every((value) => typeof value == 'function' || /^\[object (?!O)/.test(value))) return values;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  document.documentElement.append(frame);
  return from(frame.contentWindow);
};
