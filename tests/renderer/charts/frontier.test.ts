import { expect, test } from 'vitest';
import { frontierIds, type Direction } from '../../../src-renderer/charts/frontier.ts';

interface Point {
  id: string;
  x: number;
  y: number;
}

/** By the definition: compare every point with every other. */
function bruteForce(points: Point[], xBetter: Direction, yBetter: Direction): string[] {
  const good = ({ x, y }: Point) => [xBetter === 'higher' ? x : -x, yBetter === 'higher' ? y : -y] as const;
  const beats = (a: Point, b: Point): boolean => {
    const [[ax, ay], [bx, by]] = [good(a), good(b)];
    const isAlike = ax === bx && ay === by;
    return isAlike ? a.id < b.id : ax >= bx && ay >= by;
  };
  return points.filter((point) => !points.some((other) => other !== point && beats(other, point))).map(({ id }) => id);
}

const DIRECTIONS: Direction[] = ['lower', 'higher'];

test.each(DIRECTIONS.flatMap((x) => DIRECTIONS.map((y) => [x, y] as const)))(
  'x %s, y %s is better: the same as comparing every point with every other',
  (xBetter, yBetter) => {
    let seed = 42;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let round = 0; round < 60; round++) {
      // Few distinct values, so that ties in one and in both are common.
      const values = round % 2 === 0 ? 6 : 1e6;
      const points = Array.from({ length: 1 + Math.floor(random() * 60) }, (_, index) => ({
        id: `p${index}`,
        x: Math.floor(random() * values),
        y: Math.floor(random() * values),
      }));
      const frontier = frontierIds(points, xBetter, yBetter);
      expect(frontier.toSorted()).toEqual(bruteForce(points, xBetter, yBetter).toSorted());
      const xs = frontier.map((id) => points.find((point) => point.id === id)!.x);
      expect(xs).toEqual(xs.toSorted((a, b) => a - b));
    }
  },
);

test('no points, no frontier', () => expect(frontierIds([], 'lower', 'lower')).toEqual([]));
