// One column for each id that a model reads: the diagrams below each other share them.

export const LEFT = 52;
export const RIGHT = 14;
const WIDEST = 44;

/** Where the columns of a diagram are: `x` gives the middle of one, `size` is how wide each may be. */
export function columns(width, count) {
  const room = width - LEFT - RIGHT;
  const pitch = count > 1 ? room / (count - 1) : room;
  return { x: (at) => LEFT + (count > 1 ? at * pitch : room / 2), size: Math.max(1, Math.min(pitch, WIDEST)) };
}

/** The column at a place, in pixels from the left. */
export function columnAt(place, width, count) {
  const at = count > 1 ? Math.round(((place - LEFT) / (width - LEFT - RIGHT)) * (count - 1)) : 0;
  return Math.max(0, Math.min(count - 1, at));
}
