/** Logs recorded events on the console; loaded with `debug`. */

/**
 * @param {import('../context.js').Context} context
 * @param {boolean} [on]
 */
export const run = ({ config }, on = true) => {
  const { filter } = config;
  if (on)
    config.filter = (event) => {
      const kept = filter(event);
      console.log('logdig:', kept || 'dropped', kept ? '' : event);
      return kept;
    };
};
