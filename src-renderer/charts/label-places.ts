/** Where names can stand beside points without covering anything. Pure: pixels in, pixels out. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface LabelWish {
  id: string;
  /** Center of what is named. */
  x: number;
  y: number;
  /** The name, then shorter forms of it, each with its width. */
  texts: { text: string; width: number }[];
  /** Placed although it covers something: the selection has to be named. */
  mustShow?: boolean;
  /** Where it may stand; anywhere where nothing is said. */
  side?: 'above' | 'below';
  /** Radius of a ring around it, which the name stays clear of. */
  reach?: number;
  /** Where it may stand further off if there is no room beside it; a line has to lead there. Nowhere where nothing is said. */
  offSide?: 'above' | 'below';
}

export interface LabelPlace {
  id: string;
  text: string;
  x: number;
  y: number;
  align: 'left' | 'right' | 'center';
  box: Box;
  /** Not beside its point. */
  isOff: boolean;
}

export const LABEL_HEIGHT = 12;
const GAP = 9;
/** Straight above or below needs more, as the ring around a point is 9 px. */
const GAP_UPRIGHT = 15;

/** Pixels from the point, nearest first. */
const STEPS_OFF = [28, 44, 64, 90];
const DIRECTIONS: readonly (readonly [right: number, align: LabelPlace['align']])[] = [
  [0, 'center'],
  [-1, 'right'],
  [1, 'left'],
];

export const boxAround = (x: number, y: number, reach: number): Box => ({
  left: x - reach,
  right: x + reach,
  top: y - reach,
  bottom: y + reach,
});

export const overlaps = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

const isInside = (box: Box, area: Box): boolean =>
  box.left >= area.left && box.right <= area.right && box.top >= area.top && box.bottom <= area.bottom;

const union = (a: Box, b: Box): Box => ({
  left: Math.min(a.left, b.left),
  right: Math.max(a.right, b.right),
  top: Math.min(a.top, b.top),
  bottom: Math.max(a.bottom, b.bottom),
});

/**
 * Places names in the order given; each takes the first spot around its point, in its longest form, that lies in `area`
 * and touches neither an obstacle nor a name placed before. One without such a spot is dropped. Of several wishes with the
 * same id, places along a curve for one, only the first that finds room counts.
 */
export function placeLabels(wishes: readonly LabelWish[], obstacles: readonly Box[], area: Box): LabelPlace[] {
  const placed: LabelPlace[] = [];
  for (const wish of wishes) {
    if (placed.some(({ id }) => id === wish.id)) continue;
    const spots = spotsOf(wish).filter((spot) => isInside(spot.box, area));
    // One look at the many obstacles for all spots of a name, not one for each.
    const around = spots
      .map(({ box }) => box)
      .reduce(union, { left: wish.x, right: wish.x, top: wish.y, bottom: wish.y });
    const near = [...obstacles.filter((box) => overlaps(box, around)), ...placed.map(({ box }) => box)];
    const isFree = ({ box }: LabelPlace): boolean => !near.some((other) => overlaps(box, other));
    const chosen = spots.find(isFree) ?? (wish.mustShow ? spots[0] : undefined);
    if (chosen) placed.push(chosen);
  }
  return placed;
}

/** Beside the point in every form of its name, then further off. */
function spotsOf(wish: LabelWish): LabelPlace[] {
  const beside = wish.texts.flatMap((form) => spotsBeside(wish, form));
  return wish.offSide ? [...beside, ...wish.texts.flatMap((form) => spotsOff(wish, form))] : beside;
}

type Form = LabelWish['texts'][number];

function spotAt(
  { id }: LabelWish,
  { text, width }: Form,
  { x, y, align, isOff = false }: Pick<LabelPlace, 'x' | 'y' | 'align'> & { isOff?: boolean },
): LabelPlace {
  const left = align === 'left' ? x : align === 'right' ? x - width : x - width / 2;
  const box = { left, right: left + width, top: y - LABEL_HEIGHT / 2, bottom: y + LABEL_HEIGHT / 2 };
  return { id, text, x, y, align, box, isOff };
}

function spotsBeside(wish: LabelWish, form: Form): LabelPlace[] {
  const { x, y, reach = 0, side } = wish;
  const spot = (atX: number, atY: number, align: LabelPlace['align']) => spotAt(wish, form, { x: atX, y: atY, align });
  const [dx, upright] = [Math.max(GAP, reach + 3), Math.max(GAP_UPRIGHT, reach + 9)];
  const spots = [
    spot(x + dx, y + GAP, 'left'),
    spot(x - dx, y - GAP, 'right'),
    spot(x - dx, y + GAP, 'right'),
    spot(x + dx, y - GAP, 'left'),
    spot(x, y + upright, 'center'),
    spot(x, y - upright, 'center'),
  ];
  return side ? spots.filter((at) => at.y < y === (side === 'above')) : spots;
}

const spotsOff = (wish: LabelWish, form: Form): LabelPlace[] =>
  STEPS_OFF.flatMap((step) =>
    DIRECTIONS.map(([right, align]) => {
      const [x, y] = [wish.x + right * step, wish.y + (wish.offSide === 'above' ? -step : step)];
      return spotAt(wish, form, { x, y, align, isOff: true });
    }),
  );

/** Small boxes along a line, so that names do not stand on it. */
export function boxesAlong(points: readonly { x: number; y: number }[], reach: number): Box[] {
  return points.slice(1).flatMap((to, index) => {
    const from = points[index] ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (2 * reach)));
    return Array.from({ length: steps + 1 }, (_, step) =>
      boxAround(from.x + ((to.x - from.x) * step) / steps, from.y + ((to.y - from.y) * step) / steps, reach),
    );
  });
}
