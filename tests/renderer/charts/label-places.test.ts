import { describe, expect, test } from 'vitest';
import {
  boxAround,
  boxesAlong,
  overlaps,
  placeLabels,
  type LabelWish,
} from '../../../src-renderer/charts/label-places.ts';

const AREA = { left: 0, top: 0, right: 400, bottom: 300 };
const wish = (id: string, x: number, y: number, width = 60): LabelWish => ({ id, x, y, texts: [{ text: id, width }] });

describe('placeLabels', () => {
  test('over 200 random pictures no name covers a point, another name or the edge', () => {
    let seed = 3;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    let numPlaced = 0;
    for (let round = 0; round < 200; round++) {
      const points = Array.from({ length: 40 }, () => ({ x: random() * 400, y: random() * 300 }));
      const obstacles = points.map(({ x, y }) => boxAround(x, y, 5));
      const wishes = points.slice(0, 12).map(({ x, y }, index) => wish(`p${index}`, x, y, 30 + random() * 90));
      const places = placeLabels(wishes, obstacles, AREA);
      numPlaced += places.length;
      places.forEach(({ box }, index) => {
        expect(obstacles.some((obstacle) => overlaps(box, obstacle))).toBe(false);
        expect(places.some((other, at) => at !== index && overlaps(box, other.box))).toBe(false);
        expect(box.left >= 0 && box.right <= 400 && box.top >= 0 && box.bottom <= 300).toBe(true);
      });
    }
    // Refusing all of them would pass the above.
    expect(numPlaced).toBeGreaterThan(1000);
  });

  test('a shorter form is taken where the long one finds no room, and nothing where neither does', () => {
    const narrow = { ...AREA, right: 120 };
    const named = {
      id: 'a',
      x: 60,
      y: 100,
      texts: [
        { text: '1 × g6e.xlarge, L40S FP8', width: 150 },
        { text: 'L40S FP8', width: 45 },
      ],
    };
    expect(placeLabels([named], [], narrow)[0]?.text).toBe('L40S FP8');
    expect(placeLabels([named], [{ left: 0, right: 120, top: 0, bottom: 300 }], narrow)).toEqual([]);
  });

  test('the selection is named even over a point', () => {
    const everywhere = [{ left: 0, right: 400, top: 0, bottom: 300 }];
    expect(placeLabels([{ ...wish('a', 100, 100), mustShow: true }], everywhere, AREA)).toHaveLength(1);
  });

  test('in a crowd a name that may stand off does so, and says that it needs a line', () => {
    const crowd = [boxAround(200, 150, 25)];
    expect(placeLabels([wish('a', 200, 150)], crowd, AREA)).toEqual([]);
    for (const offSide of ['above', 'below'] as const) {
      const [place] = placeLabels([{ ...wish('a', 200, 150), offSide }], crowd, AREA);
      expect(place?.isOff).toBe(true);
      expect(place!.y < 150).toBe(offSide === 'above');
      expect(crowd.some((box) => overlaps(place!.box, box))).toBe(false);
      expect(placeLabels([{ ...wish('a', 200, 150), offSide }], [], AREA)[0]?.isOff).toBe(false);
    }
  });

  test('of several places for one name the first with room is taken', () => {
    const blocked = [{ left: 0, right: 200, top: 0, bottom: 300 }];
    const places = placeLabels([wish('P50', 100, 100), wish('P50', 250, 100), wish('P50', 300, 200)], blocked, AREA);
    expect(places.map(({ x, y }) => [x, y])).toEqual([[259, 109]]);
  });

  test('a side that is asked for is kept', () => {
    const [above] = placeLabels([{ ...wish('a', 100, 100), side: 'above' }], [], AREA);
    const [below] = placeLabels([{ ...wish('a', 100, 100), side: 'below' }], [], AREA);
    expect([above!.box.bottom < 100, below!.box.top > 100]).toEqual([true, true]);
  });

  test('a name keeps clear of the ring around its point', () => {
    const [place] = placeLabels([{ ...wish('a', 100, 100), reach: 9 }], [], AREA);
    expect(place!.box.left).toBeGreaterThan(109);
  });
});

test('boxes along a line leave no gap a name could slip through', () => {
  const boxes = boxesAlong(
    [
      { x: 0, y: 0 },
      { x: 90, y: 120 },
      { x: 200, y: 120 },
    ],
    2,
  );
  for (let share = 0; share <= 1; share += 0.001) {
    const at = { x: 90 * share, y: 120 * share };
    expect(boxes.some((box) => overlaps(box, boxAround(at.x, at.y, 0.1)))).toBe(true);
  }
});
