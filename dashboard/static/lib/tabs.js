// Tabs and switches whose choice lives in the address line.

import { change, get, onChange } from './address.js';
import { h } from './element.js';

/**
 * Tabs above a part of a panel.
 * @param {string} name parameter of the address line
 * @param {[string, string][]} tabs value and words; the first is the usual one
 * @param {string} label what is chosen, for who does not see it
 */
export function tabs(name, tabs, label) {
  const usual = tabs[0][0];
  const buttons = tabs.map(([value, text]) =>
    h('button', { type: 'button', role: 'tab', data: { value }, onclick: () => pick(value) }, text));
  const pick = (value) => change({ [name]: value == usual ? null : value }, { replace: true });
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length];
    pick(next.dataset.value);
    next.focus();
  };
  const made = h('div.tabs', { role: 'tablist', 'aria-label': label, onkeydown: move }, buttons);
  const mark = () => {
    for (const button of buttons) {
      const chosen = button.dataset.value == chosenOf(name, tabs);
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  };
  mark();
  onChange(mark, made);
  return made;
}

/** Value of tabs that is chosen. */
export const chosenOf = (name, tabs) => (tabs.some(([value]) => value == get(name)) ? get(name) : tabs[0][0]);

/**
 * A switch between a few values, of which `usual()` is taken when none is chosen.
 * @param {string} name parameter of the address line
 * @param {[string, string][]} values value and words
 * @param {string} label
 * @param {() => string} [usual]
 */
export function choose(name, values, label, usual = () => values[0][0]) {
  const buttons = values.map(([value, text]) =>
    h('button', { type: 'button', data: { value }, onclick: () => change({ [name]: value == usual() ? null : value }, { replace: true }) }, text));
  const made = h('div.tabs', { role: 'group', 'aria-label': label }, buttons);
  const mark = () => buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.value == get(name, usual()))));
  mark();
  onChange(mark, made);
  return made;
}
