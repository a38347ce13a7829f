/** Which way a metric gets better. */
export type Direction = 'lower' | 'higher';

interface Placed {
  id: string;
  x: number;
  y: number;
}

/**
 * Ids of the points that nothing beats: no other point is at least as good in both metrics and better in one. Of points
 * that are alike in both, the first by id stands for all. In order of x.
 */
export function frontierIds(points: readonly Placed[], xBetter: Direction, yBetter: Direction): string[] {
  const xSign = xBetter === 'higher' ? -1 : 1;
  const ySign = yBetter === 'higher' ? -1 : 1;
  const fromBest = points.toSorted(
    (a, b) => xSign * (a.x - b.x) || ySign * (a.y - b.y) || (a.id < b.id ? -1 : Number(a.id > b.id)),
  );
  let best = Infinity;
  const kept: Placed[] = [];
  for (const point of fromBest) {
    if (ySign * point.y < best) {
      best = ySign * point.y;
      kept.push(point);
    }
  }
  return kept.sort((a, b) => a.x - b.x).map((point) => point.id);
}
