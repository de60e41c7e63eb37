/** Warn on the console, which some pages replace by an empty object. @param {any[]} values */
export const warn = (...values) => console?.warn?.('logdig:', ...values);
