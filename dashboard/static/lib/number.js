// Number cards: a number, what it is, and that of the days before.

import { h } from './element.js';
import { changeOf } from './table.js';
import { byUnit, t } from './words.js';

/**
 * Makes a card.
 * @param {object} options
 * @param {string} options.label
 * @param {number | null} options.value
 * @param {number | null} [options.before] that of the days before
 * @param {string} [options.unit] `ms`, `0 to 1`, or none
 * @param {'more' | 'less'} [options.better] which direction is good
 * @param {string} [options.help] what exactly is counted
 * @param {boolean} [options.chosen] whether the chart shows it
 * @param {() => void} [options.onclick] shows it in the chart
 * @param {Node} [options.extra] below
 */
export function numberCard({ label, value, before, unit, better, help, chosen, onclick, extra }) {
  const content = [
    h('span.label', {}, label),
    h('span.value', { title: typeof value == 'number' ? String(value) : null }, byUnit(value, unit)),
    h('span.beside', {}, changeOf(value, before, { unit, better }), typeof before == 'number' && h('span.was', {}, t('number.before', { value: byUnit(before, unit) }))),
  ];
  const made = onclick
    ? h('button.number', { type: 'button', title: help, 'aria-pressed': String(Boolean(chosen)), onclick }, content)
    : h('div.number', { title: help }, content);
  return extra ? h('div.with-extra', {}, made, extra) : made;
}

/** Cards side by side. */
export const numbers = (...cards) => h('div.numbers', {}, cards);
