import type { SizingSubject } from '../../engine/sizing/types.ts';
import type { Demand } from '../../engine/workload/demand.ts';
import {
  betterHitRate,
  hitRateOf,
  longerAnswers,
  longerPrompts,
  promptMeanOf,
  withQuestion,
} from '../changed-question.ts';
import { demandFor } from '../demand.ts';
import type { PreparedSizing } from '../prepared.ts';

/** A question with one input changed: what is searched, for which load, and what a plan then costs. */
export interface Variation {
  /** null = that of the base, whose capacities hold. */
  subject: SizingSubject | null;
  /** Requests per second that are provided for. */
  rateReqPerS: number;
  /** On the price of everything, beside that of the base. */
  priceFactor: number;
  /** Requests per second that are served for it, where another rate stands for them: see `efficiency`. */
  servedReqPerS?: number;
  change: string;
  value: number | null;
}

export interface VariedInput {
  input: string;
  unit: string;
  note: string;
  /** null where it has no figure of its own. */
  value: (base: Base) => number | null;
  /** null where the question does not have the input; then `missing` says why. */
  vary: (base: Base, factor: number) => Variation | null;
  missing: string;
}

export interface Base {
  prepared: PreparedSizing;
  demand: Demand;
  /** What prices are multiplied by before anything is changed. */
  priceFactor: number;
}

const NO_BREAK_SPACE = ' ';
export const changeText = (factor: number): string => {
  const percent = Number(((factor - 1) * 100).toPrecision(4));
  return `${percent > 0 ? '+' : ''}${percent}${NO_BREAK_SPACE}%`;
};

const unchanged = ({ demand }: Base, factor: number): Variation => ({
  subject: null,
  rateReqPerS: demand.rateReqPerS,
  priceFactor: 1,
  change: changeText(factor),
  value: null,
});

/** A changed question asks for its own load: users who read longer answers ask less often. */
function asked(base: Base, factor: number, question: Parameters<typeof withQuestion>[1], value: number): Variation {
  const subject = withQuestion(base.prepared, question);
  const { rateReqPerS } = demandFor({ input: base.prepared.input, subject }, null);
  return { ...unchanged(base, factor), subject, rateReqPerS, value };
}

/** Every target times a factor. */
function withTargets({ prepared: { subject } }: Base, factor: number): SizingSubject {
  const scaled = <Target extends { targetMs: number }>(targets: Target[]): Target[] =>
    targets.map((target) => ({ ...target, targetMs: target.targetMs * factor }));
  return {
    ...subject,
    targets: scaled(subject.targets),
    workload: { ...subject.workload, targets: scaled(subject.workload.targets) },
  };
}

const PACE = 'Users ask at the pace of their targets and answers, so their requests a second follow.';

/** What a tornado varies, in the order of equals. */
export const VARIED_INPUTS: readonly VariedInput[] = [
  {
    input: 'load',
    unit: 'requests/s',
    note: 'Users, or requests a second where they are given.',
    value: ({ demand }) => demand.users ?? demand.rateReqPerS,
    vary: (base, factor) => ({
      ...unchanged(base, factor),
      rateReqPerS: base.demand.rateReqPerS * factor,
      value: (base.demand.users ?? base.demand.rateReqPerS) * factor,
    }),
    missing: '',
  },
  {
    input: 'prompt length',
    unit: 'tokens',
    note: PACE,
    value: ({ prepared }) => promptMeanOf(prepared),
    vary: (base, factor) =>
      asked(base, factor, longerPrompts(base.prepared, factor), Math.max(1, promptMeanOf(base.prepared) * factor)),
    missing: '',
  },
  {
    input: 'answer length',
    unit: 'tokens',
    note: PACE,
    value: ({ prepared }) => prepared.subject.workload.output.mean,
    vary: (base, factor) =>
      asked(
        base,
        factor,
        longerAnswers(base.prepared, factor),
        Math.max(1, base.prepared.subject.workload.output.mean * factor),
      ),
    missing: '',
  },
  {
    input: 'prefix hit rate',
    unit: '',
    note: 'Prompts of which the cache holds a part; the part stays.',
    value: ({ prepared }) => hitRateOf(prepared),
    vary(base, factor) {
      const rate = hitRateOf(base.prepared);
      if (rate === null) return null;
      // No more than every request can find its prefix.
      const possible = Math.min(factor, 1 / rate);
      const question = betterHitRate(base.prepared, possible) ?? betterHitRate(base.prepared, 1);
      return question && asked(base, possible, question, Math.min(1, rate * possible));
    },
    missing: 'The question has no prefix cache that requests find anything in.',
  },
  {
    input: 'price',
    unit: '',
    note: 'Every price alike, so that it changes the cost and no choice.',
    value: () => null,
    vary: (base, factor) => ({ ...unchanged(base, factor), priceFactor: factor }),
    missing: '',
  },
  {
    // With every time s-fold, latency at rate c is s times the latency at rate c·s (engine/uncertainty/capacity-spread.ts). So what
    // meets targets T at rate r with steps s times as long is what meets T / s at r·s with steps as they are; s = 1 / factor.
    input: 'efficiency',
    unit: '',
    note: 'What the GPUs reach of their rates and bandwidths, overheads included: steps take the inverse of it as long.',
    value: () => null,
    vary: (base, factor) => ({
      ...unchanged(base, factor),
      subject: withTargets(base, factor),
      rateReqPerS: base.demand.rateReqPerS / factor,
      servedReqPerS: base.demand.rateReqPerS,
    }),
    missing: '',
  },
  {
    input: 'targets',
    unit: '',
    note: 'Every latency target alike, at the requests a second of the question.',
    value: () => null,
    vary: (base, factor) => ({ ...unchanged(base, factor), subject: withTargets(base, factor) }),
    missing: '',
  },
];
