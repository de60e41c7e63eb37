// What each mode draws, wherever it is drawn: the scale of its heat, its boxes of elements, its bands of the page.

import { STEPS, colourOf } from '/static/lib/map/paint.js';
import { number, percent, t } from '/static/lib/words.js';

export const MODES = ['clicks', 'elements', 'movement', 'scroll', 'frustration', 'releases'];
/** Seconds of movement per 100 views, as `STEPS` are clicks. */
const SECONDS_A_STEP = 10;
const MOST_FRUSTRATION = 200;

/** A colour as CSS. */
export const css = ([red, green, blue, opacity]) => `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)} / ${opacity})`;

/** The scale of a mode: its steps, and what a count of one (a click, a millisecond) is on it. */
export function scaleOf(mode, view) {
  const views = view.elements.account.views || 0;
  if (mode == 'movement' && view.movement) return { steps: STEPS.map((step) => step * SECONDS_A_STEP), per: views ? 0.1 / views : 0 };
  return { steps: STEPS, per: views ? 100 / views : 0 };
}

/** The same scale for who knows the steps of clicks alone. */
export const perClick = (mode, view) => scaleOf(mode, view).per / (mode == 'movement' ? SECONDS_A_STEP : 1);

/** Elements with their colour and number: `[{row, colour, badge}]`, `row` of the view's elements. */
export function shapesOf(view, mode) {
  const views = view.elements.account.views || 0;
  const bySelector = new Map(view.elements.rows.map((row) => [row.selector, row]).reverse());
  const known = ({ selector }) => bySelector.get(selector);
  if (mode == 'elements')
    return view.elements.rows.toReversed().map((row) => {
      const rate = views ? (100 * row.clicks) / views : 0;
      return { row, colour: css(colourOf(rate).map((value, index) => (index == 3 ? value * 0.7 : value))), badge: number(rate, rate < 10 ? 1 : 0) };
    });
  if (mode == 'frustration')
    return (view.frustration?.rows ?? []).filter((row) => row.selector && (row.page ?? view.page) == view.page).slice(0, MOST_FRUSTRATION)
      .filter(known).map((row) => ({ row: known(row), colour: 'rgb(224 49 49 / 30%)', badge: `${t(`map.kinds.${row.kind}`)} ${number(row.times)}` }));
  if (mode == 'releases')
    return (view.releases?.rows ?? []).filter((row) => row.page == view.page && known(row)).map((row) => {
      const more = row.difference > 0;
      return {
        row: known(row),
        colour: row.flagged ? (more ? 'rgb(47 158 68 / 40%)' : 'rgb(224 49 49 / 40%)') : 'rgb(134 142 150 / 22%)',
        badge: `${more ? '+' : '−'}${number(Math.abs(row.difference) * 100, 1)}`,
      };
    });
  return [];
}

/** Bands of the scroll mode: `[{top, share, colour, badge}]`, top and height as shares of the page's height. */
export function bandsOf({ scroll }) {
  const rows = scroll?.rows ?? [];
  return rows.map(({ depth, share }) => ({
    top: depth - 1 / rows.length,
    share: 1 / rows.length,
    // The scale of shares is its own: from all views to none.
    colour: css(colourOf(30 ** ((share ?? 0) * 2 - 1) * 1.2, STEPS).map((value, index) => (index == 3 ? 0.45 : value))),
    badge: percent(share, 0),
  }));
}

/** Why there is no answer, in words. */
export const reasonOf = ({ cannot, error }) =>
  cannot?.length ? t('state.cannot', { filters: cannot.map((name) => t(`filter.${name.split('.')[0]}`)).join(', ') }) : error || t('map.modeFailed');
