import type {
  BreakEvenChange,
  BreakEvenLine,
  Cost,
  LineChoice,
  Place,
  StayingReason,
} from '../../protocol/run-analysis.ts';
import { commonestReason, ReasonCounts } from '../reason-counts.ts';
import { choiceKey, placeKey, type PointRows } from './points.ts';

/** What the choice of the value before costs at a step, or why that is not to be had; `excluded` = why its row does not pass. */
type Staying =
  { cost: Cost; reason: null; excluded: null } | { cost: null; reason: StayingReason; excluded: string | null };

/** The cheapest row of those that were offered at a value. */
interface Cheapest {
  row: RankedRow;
  /** Index among the choices of the line. */
  choice: number;
  cost: Cost | null;
}

interface Step {
  value: number;
  /** That which came up before it: where values rise, the one it is compared with. */
  before: Step | null;
  cheapest: Cheapest | null;
  /** Why its points have no answer, while none has one. */
  reasons: ReasonCounts;
  /** Of which step and which of its choices it was worked out; null = the row was not seen. */
  staying: { before: Step; choice: number; found: Staying } | null;
}

/** What decides among rows of points that carry the same load. */
export interface RankedRow {
  /** Infinity without a price. */
  usdPerHour: number;
  gpus: number;
  id: string;
  pointId: number;
}

/** What of the rows of a batch is read. */
export interface StepRows {
  choiceAt: (row: number) => LineChoice;
  chosenAt: (row: number) => Place | null;
  costAt: (row: number) => Cost | null;
  passesAt: (row: number) => number;
  gpusAt: (row: number) => number;
  idAt: (row: number) => string | null;
  reasonAt: (row: number) => string | null;
}

const without = (reason: StayingReason, excluded: string | null = null): Staying => ({ cost: null, reason, excluded });
const NOTHING_BEFORE = without('nothing_before');
const SAME_INSTANCE = without('same_instance');
const NOT_KNOWN = without('not_known');
const NOT_OFFERED = without('not_possible');

/**
 * The cheapest choices at the values of one line, whose points come in any order. Several points share a value where axes are left to
 * choose: the cheapest of all their rows is the choice there. Holds a step a value.
 */
export class BreakEvenSteps {
  private readonly at: Place;
  private readonly choices: LineChoice[] = [];
  private readonly indexOf = new Map<string, number>();
  /** In the order in which they came up. */
  private readonly steps = new Map<number, Step>();
  private last: Step | null = null;
  /** Steps whose neighbour is another than the one that came before them, by value. */
  private readonly wanted = new Map<number, Step>();

  constructor(at: Place) {
    this.at = at;
  }

  /** Takes a point and its best row, null where none passes; no point may come twice. Returns whether its value is new. */
  add(point: PointRows, value: number, best: number | null, rows: StepRows): boolean {
    const known = this.steps.get(value);
    const step = known ?? this.newStep(value);
    if (best !== null) this.offer(step, point, best, rows);
    else if (!step.cheapest) addReason(step.reasons, commonestReason(rows.reasonAt, point));
    const { before } = step;
    if (before?.cheapest) this.readStaying(step, before, before.cheapest.choice, point, rows);
    return !known;
  }

  /** Once all points are there: must rows be read again to say what staying would cost? */
  needsStaying(): boolean {
    for (const [before, after] of this.changingPairs()) {
      if (!before.cheapest || this.isKnown(before, after)) continue;
      after.staying = { before, choice: before.cheapest.choice, found: NOT_KNOWN };
      this.wanted.set(after.value, after);
    }
    return this.wanted.size > 0;
  }

  /** Takes the rows of a point a second time. */
  addStaying(point: PointRows, value: number, rows: StepRows): void {
    const step = this.wanted.get(value);
    if (step?.staying) this.readStaying(step, step.staying.before, step.staying.choice, point, rows);
  }

  /** The answer, by rising values. */
  line(): BreakEvenLine {
    const rising = this.rising();
    const reasons = new ReasonCounts();
    for (const step of rising) reasons.addAll(step.reasons);
    return {
      at: this.at,
      choices: this.choices,
      steps: rising.map(({ value, cheapest, reasons: own }) => ({
        value,
        choice: cheapest?.choice ?? null,
        cost: cheapest?.cost ?? null,
        reason: cheapest ? null : (own.commonest()?.reason ?? null),
      })),
      changes: this.changingPairs().map(([before, after]): BreakEvenChange => {
        const staying = this.stayingAt(before, after);
        return {
          from: before.value,
          to: after.value,
          before: before.cheapest?.choice ?? null,
          after: after.cheapest?.choice ?? null,
          cost_before: before.cheapest?.cost ?? null,
          cost_after: after.cheapest?.cost ?? null,
          staying: staying.cost,
          staying_reason: staying.reason,
          staying_excluded: staying.excluded,
        };
      }),
      reason: rising.some(({ cheapest }) => cheapest) ? null : (reasons.commonest()?.reason ?? null),
    };
  }

  private newStep(value: number): Step {
    const step: Step = { value, before: this.last, cheapest: null, reasons: new ReasonCounts(), staying: null };
    this.steps.set(value, step);
    this.last = step;
    return step;
  }

  private offer(step: Step, { pointId }: PointRows, best: number, { choiceAt, costAt, gpusAt, idAt }: StepRows): void {
    const cost = costAt(best);
    const row: RankedRow = {
      usdPerHour: cost?.usd_per_hour ?? Infinity,
      gpus: gpusAt(best),
      id: idAt(best) ?? '',
      pointId,
    };
    if (step.cheapest && !isCheaper(row, step.cheapest.row)) return;
    step.cheapest = { row, choice: this.indexIn(choiceAt(best)), cost };
  }

  private rising(): Step[] {
    return [...this.steps.values()].sort((a, b) => a.value - b.value);
  }

  private changingPairs(): [Step, Step][] {
    const rising = this.rising();
    return rising.flatMap((after, index): [Step, Step][] => {
      const before = rising[index - 1];
      return before && before.cheapest?.choice !== after.cheapest?.choice ? [[before, after]] : [];
    });
  }

  private choiceOf({ cheapest }: Step): LineChoice | null {
    return cheapest ? (this.choices[cheapest.choice] ?? null) : null;
  }

  private stayingAt(before: Step, after: Step): Staying {
    const [old, next] = [this.choiceOf(before), this.choiceOf(after)];
    if (!old) return NOTHING_BEFORE;
    if (next && isSameOffer(old, next)) return SAME_INSTANCE;
    return after.staying?.found ?? NOT_KNOWN;
  }

  private isKnown(before: Step, after: Step): boolean {
    if (this.stayingAt(before, after) === SAME_INSTANCE) return true;
    return after.staying?.before === before && after.staying.choice === before.cheapest?.choice;
  }

  /** Reads what a choice costs at a point, if it is the point that has the values of the choice. */
  private readStaying(step: Step, before: Step, index: number, { first, end }: PointRows, rows: StepRows): void {
    const old = this.choices[index];
    // All rows of a point have the same values of its axes.
    const chosen = rows.chosenAt(first);
    if (!old || !chosen || placeKey(chosen) !== placeKey(old.chosen)) return;
    const isRead = step.staying?.before === before && step.staying.choice === index;
    if (isRead && step.staying?.found.cost) return;
    step.staying = { before, choice: index, found: NOT_OFFERED };
    // A point has one row of each instance, with the plan that suits it there.
    for (let row = first; row < end; row += 1) {
      if (!isSameInstance(old, rows.choiceAt(row))) continue;
      step.staying.found = stayingOf(row, rows);
      return;
    }
  }

  private indexIn(choice: LineChoice): number {
    const key = `${choiceKey(choice)}${placeKey(choice.chosen)}`;
    const known = this.indexOf.get(key);
    if (known !== undefined) return known;
    this.indexOf.set(key, this.choices.length);
    return this.choices.push(choice) - 1;
  }
}

function stayingOf(row: number, { passesAt, costAt, reasonAt }: StepRows): Staying {
  if (passesAt(row) !== 1) return without('not_possible', reasonAt(row));
  const cost = costAt(row);
  return cost ? { cost, reason: null, excluded: null } : without('without_price');
}

function addReason(counts: ReasonCounts, reason: string | null): void {
  if (reason !== null) counts.add(reason);
}

/** As rows of one point are ranked (engine/sizing/plan-order.ts): what has no price comes last, by its GPUs; then by id. */
function isCheaper(one: RankedRow, other: RankedRow): boolean {
  if (one.usdPerHour !== other.usdPerHour) return one.usdPerHour < other.usdPerHour;
  if (one.usdPerHour === Infinity && one.gpus !== other.gpus) return one.gpus < other.gpus;
  if (one.id !== other.id) return one.id < other.id;
  return one.pointId < other.pointId;
}

const isSameInstance = (one: LineChoice, other: LineChoice): boolean =>
  one.provider === other.provider && one.instance === other.instance;

const isSameOffer = (one: LineChoice, other: LineChoice): boolean =>
  isSameInstance(one, other) && placeKey(one.chosen) === placeKey(other.chosen);
