/**
 * Say what a developer should mend; the page itself goes on.
 * @param {string} message
 */
export const warn = (message) => console.warn('logdig: ' + message);
