/** From cells of clicks to points on a page. Pure; its twin in Python gives the same. */

/**
 * @typedef {import('./layout.js').Place} Place
 * @typedef {object} Cell
 * @property {number | null} element index of its element; null = none is known, and the cell is a square of the page
 * @property {boolean} fixed
 * @property {number | null} level_x how often the element is halved across to its cells; likewise level_y
 * @property {number | null} level_y
 * @property {number | null} cell_x from the left, from 0; likewise cell_y from the top
 * @property {number | null} cell_y
 * @property {number} count clicks, or what else is counted
 * @typedef {{x: number, y: number, layer: 0 | 1 | 2, count: number, cell: number}} Point `cell` = index of its cell
 * @typedef {{placed: number, fallback: number, hidden: number, unplaced: number}} Account
 */

/** Width and height of a cell of the page in CSS pixels. */
const PAGE_CELL = 8;

/**
 * Whether a point lies in what of its element can be seen.
 * @param {Place} place
 * @param {number} x
 * @param {number} y
 */
const isSeen = ({ seen, clip }, x, y) =>
  seen && (!clip || (x >= clip[0] && x <= clip[0] + clip[2] && y >= clip[1] && y <= clip[1] + clip[3]));

/**
 * Place cells in the boxes of their elements. What is counted ends in one of four sums of the account: placed in its
 * element; fallback, by page coordinates, where no element is known; hidden, since its element cannot be seen now; unplaced.
 * @param {Cell[]} cells
 * @param {(Place | null | undefined)[]} places by index of the element; none = the page does not have it
 * @param {number} width of the page in CSS pixels; page coordinates beyond it say nothing
 * @param {number} height
 * @returns {{points: Point[], account: Account}}
 */
export const project = (cells, places, width, height) => {
  /** @type {Point[]} */
  const points = [];
  const account = { placed: 0, fallback: 0, hidden: 0, unplaced: 0 };
  cells.forEach(({ element, fixed, level_x, level_y, cell_x, cell_y, count }, cell) => {
    /** @type {keyof Account} */
    let kind = 'unplaced';
    if (cell_x != null && cell_y != null) {
      if (element == null) {
        const x = (cell_x + 0.5) * PAGE_CELL;
        const y = (cell_y + 0.5) * PAGE_CELL;
        // A fixed part is somewhere else on the page at each scroll.
        if (!fixed && x >= 0 && y >= 0 && x < width && y < height) {
          kind = 'fallback';
          points.push({ x, y, layer: 0, count, cell });
        }
      } else {
        const place = places[element];
        if (place) {
          const [left, top, across, down] = place.box;
          const x = left + ((cell_x + 0.5) / 2 ** (level_x || 0)) * across;
          const y = top + ((cell_y + 0.5) / 2 ** (level_y || 0)) * down;
          kind = isSeen(place, x, y) ? 'placed' : 'hidden';
          if (kind == 'placed') points.push({ x, y, layer: place.layer, count, cell });
        }
      }
    }
    account[kind] += count;
  });
  return { points, account };
};
