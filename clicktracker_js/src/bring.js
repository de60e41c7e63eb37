/** Parts: files of their own, loaded when they are needed. */

/**
 * @typedef {(part: string, ...values: any[]) => Promise<any>} Bring runs a part; one that cannot be loaded, or fails, is
 * a warning and answers nothing
 */

/** @type {Bring} */
export let bring;

/** Some pages silence the console by an empty one. @param {any[]} what */
export const warn = (...what) => console.warn?.('logdig:', ...what);

/** How parts come to this build is known at the start. @param {Bring} given */
export const bringBy = (given) => {
  bring = given;
};
