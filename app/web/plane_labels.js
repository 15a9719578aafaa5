// Where the labels of points go, so that none is on another one.

const LETTER = 7.5;
const LINE = 16;
/** How far from its point a label may be, in lines. */
const RINGS = 3;

/**
 * Put each word beside its point, at whichever place is free of points, arrows and the words before it.
 *
 * Returned are the middle and the base line of each, and whether its place is free.
 */
export function labels(points, arrows, width, height) {
  const taken = [...points, ...arrows.flatMap(along)].map(({ x, y }) => ({ x: x - 4, y: y - 4, width: 8, height: 8 }));
  return points.map(({ word, x, y }) => {
    const size = Array.from(word).length * LETTER;
    const boxes = places(size).map(([across, down]) => ({
      x: Math.min(Math.max(0, x + across), Math.max(0, width - size)),
      y: Math.min(Math.max(0, y + down), height - LINE),
      width: size,
      height: LINE,
    }));
    const free = boxes.find((one) => !taken.some((other) => overlap(one, other)));
    const box = free ?? boxes[0];
    if (free) taken.push(box);
    return { x: box.x + size / 2, y: box.y + 12, isFree: Boolean(free) };
  });
}

/** Around a point, the nearest first: above, below, right and left of it, and in between. */
function places(size) {
  const found = [];
  for (let ring = 0; ring < RINGS; ring += 1) {
    const [above, below] = [-22 - ring * LINE, 7 + ring * LINE];
    found.push([-size / 2, above], [-size / 2, below]);
    if (!ring) found.push([8, -8], [-size - 8, -8]);
    found.push([4, above], [4, below], [-size - 4, above], [-size - 4, below]);
  }
  return found;
}

const along = ([from, to]) =>
  Array.from({ length: 20 }, (_, i) => ({
    x: from.x + ((to.x - from.x) * i) / 19,
    y: from.y + ((to.y - from.y) * i) / 19,
  }));

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
