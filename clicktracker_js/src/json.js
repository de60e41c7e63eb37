/**
 * JSON without the page's `JSON.stringify` and `toJSON`, which pages override and old libraries break. What JSON cannot
 * hold is null; U+0000 and halves of surrogate pairs, which no collector takes, become U+FFFD.
 * @param {any} value
 * @returns {string}
 */
export const toJson = (value) => {
  if (typeof value == 'string') return `"${value.replace(/["\\\0-\x1f]|\p{Cs}/gu, escaped)}"`;
  if (Array.isArray(value)) return `[${value.map(toJson)}]`;
  if (value && typeof value == 'object') {
    return `{${Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : toJson(name) + ':' + toJson(one)))}}`;
  }
  return /^(-?\d|true|false)/.test(value) ? '' + value : 'null';
};

/** @param {string} letter */
const escaped = (letter) =>
  letter > '\0' && letter < '\x7f' ? '\\u' + (letter.charCodeAt(0) + 0x10000).toString(16).slice(1) : '\ufffd';
