/** Ranges and ticks of an axis: pure functions of the values it has to hold. */
export interface AxisRange {
  isLog: boolean;
  min: number;
  max: number;
  ticks: number[];
}

/** An axis turns logarithmic when its values span more than this ratio. */
const LOG_RATIO = 20;
/** Room left around the values, as a share of the (log) span. */
const PADDING = 0.06;
const MOST_LOG_TICKS = 8;

export const needsLog = (low: number, high: number): boolean => low > 0 && high / low > LOG_RATIO;

/** Holds `low` to `high` with a little room. */
export function axisAround(low: number, high: number): AxisRange {
  const isLog = needsLog(low, high);
  if (isLog) {
    const factor = (high / low) ** PADDING;
    return withTicks(low / factor, high * factor, true);
  }
  const pad = (high - low || Math.abs(high) || 1) * PADDING;
  // Quantities here are never negative; room below zero would only look as if they could be.
  return withTicks(low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad, false);
}

export function withTicks(min: number, max: number, isLog: boolean): AxisRange {
  return { isLog, min, max, ticks: isLog ? logTicks(min, max) : linearTicks(min, max) };
}

/** Ticks at steps of 1, 2 or 5: the step whose count comes nearest to five. */
export function linearTicks(min: number, max: number): number[] {
  if (!(max > min)) return [min];
  const magnitude = 10 ** Math.floor(Math.log10((max - min) / 5));
  const candidates = [1, 2, 5, 10].map((factor) => ticksBetween(min, max, factor * magnitude));
  return candidates.reduce((best, ticks) => (Math.abs(ticks.length - 5) < Math.abs(best.length - 5) ? ticks : best));
}

function ticksBetween(min: number, max: number, step: number): number[] {
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // Twelve digits hide what binary fractions leave behind.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** 1, 2, 5 in each decade; only decades, then only some of them, when that gets crowded; a short piece is ticked evenly. */
export function logTicks(min: number, max: number): number[] {
  const ticksAt = (factors: number[], everyDecades = 1): number[] => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      if (power % everyDecades === 0) {
        ticks.push(...factors.map((factor) => Number((factor * 10 ** power).toPrecision(12))));
      }
    }
    return ticks.filter((tick) => tick >= min && tick <= max);
  };
  const fine = ticksAt([1, 2, 5]);
  if (fine.length < 3) return linearTicks(min, max);
  if (fine.length <= MOST_LOG_TICKS) return fine;
  const decades = ticksAt([1]);
  return decades.length <= MOST_LOG_TICKS ? decades : ticksAt([1], Math.ceil(decades.length / MOST_LOG_TICKS));
}

/** Where a value stands on an axis, 0 at its start and 1 at its end. */
export function shareOf({ min, max, isLog }: Pick<AxisRange, 'min' | 'max' | 'isLog'>, value: number): number {
  return isLog ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** The range seen after zooming by `factor` (above 1 = closer) while `around` stays where it is. */
export function zoomedRange(axis: AxisRange, factor: number, around: number): { min: number; max: number } {
  if (axis.isLog) {
    return { min: around * (axis.min / around) ** (1 / factor), max: around * (axis.max / around) ** (1 / factor) };
  }
  return { min: around + (axis.min - around) / factor, max: around + (axis.max - around) / factor };
}
