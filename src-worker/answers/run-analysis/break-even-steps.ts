import type {
  BreakEvenChange,
  BreakEvenLine,
  Choice,
  Cost,
  Place,
  StayingReason,
} from '../../protocol/run-analysis.ts';
import { choiceKey, type PointRows } from './points.ts';

/** What the instance of the value before costs at a step, or why that is not to be had. */
type Staying = { cost: Cost; reason: null } | { cost: null; reason: StayingReason };

interface Step {
  value: number;
  pointId: number;
  /** Index among the choices of the line; null where nothing meets the targets. */
  choice: number | null;
  cost: Cost | null;
  /** Beside which step it was worked out: the neighbour is known once all have come. */
  staying: Staying & { before: Step | null };
}

/** What of the rows of a batch is read. */
export interface StepRows {
  choiceAt: (row: number) => Choice;
  costAt: (row: number) => Cost | null;
  passesAt: (row: number) => number;
}

const NOTHING_BEFORE: Staying = { cost: null, reason: 'nothing_before' };
const SAME_INSTANCE: Staying = { cost: null, reason: 'same_instance' };
const NOT_KNOWN: Staying = { cost: null, reason: 'not_known' };

/** The cheapest choices at the values of one line, whose points come in any order; holds a step a point. */
export class BreakEvenSteps {
  private readonly at: Place;
  private readonly choices: Choice[] = [];
  private readonly indexOf = new Map<string, number>();
  private readonly steps: Step[] = [];
  /** Steps whose neighbour is not the one that came before them, by point. */
  private readonly wanted = new Map<number, Step>();

  constructor(at: Place) {
    this.at = at;
  }

  /** Takes a point and its best row, if one passes; no point may come twice. */
  add(point: PointRows, value: number, best: number | null, rows: StepRows): void {
    const before = this.steps.at(-1) ?? null;
    const step: Step = {
      value,
      pointId: point.pointId,
      choice: best === null ? null : this.indexIn(rows.choiceAt(best)),
      cost: best === null ? null : rows.costAt(best),
      staying: { ...NOTHING_BEFORE, before },
    };
    if (before) step.staying = { ...this.stayingOf(before, step, point, rows), before };
    this.steps.push(step);
  }

  /** Once all points are there: must rows be read again to say what staying would cost? */
  needsStaying(): boolean {
    for (const [before, after] of this.changingPairs()) {
      if (after.staying.before === before) continue;
      const known = this.knownStaying(before, after);
      after.staying = { ...(known ?? NOT_KNOWN), before };
      if (!known) this.wanted.set(after.pointId, after);
    }
    return this.wanted.size > 0;
  }

  /** Takes the rows of a point a second time. */
  addStaying(point: PointRows, rows: StepRows): void {
    const step = this.wanted.get(point.pointId);
    const before = step?.staying.before;
    if (step && before) step.staying = { ...this.stayingOf(before, step, point, rows), before };
  }

  /** The answer, by rising values. */
  line(): BreakEvenLine {
    return {
      at: this.at,
      choices: this.choices,
      steps: this.rising().map(({ value, choice, cost }) => ({ value, choice, cost })),
      changes: this.changingPairs().map(([before, after]): BreakEvenChange => ({
        from: before.value,
        to: after.value,
        before: before.choice,
        after: after.choice,
        cost_before: before.cost,
        cost_after: after.cost,
        staying: after.staying.cost,
        staying_reason: after.staying.reason,
      })),
    };
  }

  private rising(): Step[] {
    return [...this.steps].sort((a, b) => a.value - b.value);
  }

  private changingPairs(): [Step, Step][] {
    const rising = this.rising();
    return rising.flatMap((after, index): [Step, Step][] => {
      const before = rising[index - 1];
      return before && before.choice !== after.choice ? [[before, after]] : [];
    });
  }

  private choiceOf({ choice }: Step): Choice | null {
    return choice === null ? null : (this.choices[choice] ?? null);
  }

  /** What two steps say without the rows of their points; null where those are needed. */
  private knownStaying(before: Step, after: Step): Staying | null {
    const [old, next] = [this.choiceOf(before), this.choiceOf(after)];
    if (!old) return NOTHING_BEFORE;
    return next && isSameInstance(old, next) ? SAME_INSTANCE : null;
  }

  private stayingOf(before: Step, after: Step, { first, end }: PointRows, rows: StepRows): Staying {
    const known = this.knownStaying(before, after);
    const old = this.choiceOf(before);
    if (known || !old) return known ?? NOTHING_BEFORE;
    // A point has one row of each instance, with the plan that suits it there.
    for (let row = first; row < end; row += 1) {
      if (rows.passesAt(row) !== 1 || !isSameInstance(old, rows.choiceAt(row))) continue;
      const cost = rows.costAt(row);
      return cost ? { cost, reason: null } : { cost: null, reason: 'without_price' };
    }
    return { cost: null, reason: 'not_possible' };
  }

  private indexIn(choice: Choice): number {
    const key = choiceKey(choice);
    const known = this.indexOf.get(key);
    if (known !== undefined) return known;
    this.indexOf.set(key, this.choices.length);
    return this.choices.push(choice) - 1;
  }
}

const isSameInstance = (one: Choice, other: Choice): boolean =>
  one.provider === other.provider && one.instance === other.instance;
