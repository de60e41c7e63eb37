/** Shows on the console what is recorded; loaded with `debug`. */

/**
 * @param {import('../kit.js').Kit} kit
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
