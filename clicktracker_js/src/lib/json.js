/**
 * JSON without `JSON.stringify` and `toJSON`, which pages override and old libraries break. Values that JSON cannot hold
 * become null. U+0000 and lone surrogates, which the server rejects, become U+FFFD.
 * @param {any} value
 * @returns {string}
 */
export const toJson = (value) => {
  if (typeof value == 'string') return `"${value.replace(/["\\\0-\x1f]|\p{Cs}/gu, escape)}"`;
  if (Array.isArray(value)) return `[${value.map(toJson)}]`;
  if (value && typeof value == 'object') {
    return `{${Object.entries(value).flatMap(([name, item]) => (item === undefined ? [] : toJson(name) + ':' + toJson(item)))}}`;
  }
  return /^(-?\d|true|false)/.test(value) ? '' + value : 'null';
};

/** @param {string} letter */
const escape = (letter) =>
  letter > '\0' && letter < '\x7f' ? '\\u' + (letter.charCodeAt(0) + 0x10000).toString(16).slice(1) : '\ufffd';
