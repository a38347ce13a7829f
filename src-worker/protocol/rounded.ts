const DIGITS = 10;
/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const LEAST = 10 ** (DIGITS - 1);
const MOST = 10 ** DIGITS;
/** Nearer to a tie than this the product's own rounding could decide: then the text does. */
const TIE_MARGIN = 1e-4;

/**
 * The double nearest to `value` at ten significant digits: `Number(value.toPrecision(10))`, which every host prints the same,
 * without the text. An integer of ten digits over an exact power of ten is rounded once, so it is the same double.
 */
export function rounded(value: number): number {
  const size = Math.abs(value);
  // No value at all, mostly: of many rows of a sweep there is none, and the text would take as long as twenty numbers.
  if (!(size < Number.POSITIVE_INFINITY)) return value;
  // The sum turns -0 into 0, as the text would.
  if (size < MOST && Number.isInteger(value)) return value + 0;
  let shift = DIGITS - 1;
  let scaled = size * (POWERS[shift] as number);
  while (scaled < LEAST && shift < POWERS.length - 1) scaled = size * (POWERS[(shift += 1)] as number);
  while (scaled >= MOST && shift > 0) scaled = size * (POWERS[(shift -= 1)] as number);
  const digits = Math.round(scaled);
  const isNearTie = Math.abs(Math.abs(scaled - digits) - 0.5) < TIE_MARGIN;
  if (!(scaled >= LEAST && scaled < MOST) || isNearTie) return Number(value.toPrecision(DIGITS));
  const nearest = digits / (POWERS[shift] as number);
  return value < 0 ? -nearest : nearest;
}
