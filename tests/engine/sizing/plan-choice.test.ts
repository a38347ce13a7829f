import { describe, expect, it } from 'vitest';
import { prepareSizing, sizingDemand } from '../../../src-worker/answers/size.ts';
import { demandFor } from '../../../src-worker/answers/demand.ts';
import type { Instance } from '../../../src-worker/engine/hardware/types.ts';
import { choosePlan, sizeForDemand } from '../../../src-worker/engine/sizing/size.ts';
import type { EvaluatedPlans } from '../../../src-worker/engine/sizing/evaluated-plans.ts';
import type { SizedPlan, SizingDemand } from '../../../src-worker/engine/sizing/types.ts';
import { sizeInputSchema, type SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../world.ts';

/* Which plan an instance runs is the same wherever it stands and whatever it costs. */

const QUESTIONS: [string, SizeInputDraft][] = [
  ['two precisions', { model: 'meta-llama/Llama-3.1-8B-Instruct', users: 300, quantization: ['fp16', 'fp8'] }],
  ['a mixture of experts', { model: 'Qwen/Qwen3-30B-A3B', users: 2500, provider: ['gcp'] }],
  ['few users', { model: 'meta-llama/Llama-2-13b-hf', users: 1, provider: ['azure'], quantization: ['fp16', 'int4'] }],
  ['a limit of GPUs', { model: 'meta-llama/Llama-2-13b-hf', users: 900, provider: ['aws'], max_gpus: 16 }],
];

function prepared(draft: SizeInputDraft): { evaluated: EvaluatedPlans; demand: SizingDemand } {
  const input = sizeInputSchema.parse(draft);
  const sizing = prepareSizing(input, modelSource(input.model), facts);
  return { evaluated: sizing.evaluated, demand: sizingDemand(sizing, demandFor(sizing, null), null) };
}

/** The same candidates where each instance is sold in one place for a price of its own. */
const priced = (evaluated: EvaluatedPlans, usdAt: (index: number) => number, region: string): EvaluatedPlans => ({
  ...evaluated,
  candidates: evaluated.candidates.map((candidate, index) => ({
    ...candidate,
    instance: {
      ...candidate.instance,
      offers: [
        {
          region,
          onDemandUsdPerHour: usdAt(index),
          spotUsdPerHour: null,
          priceAsOf: null,
          priceSource: null,
          zones: [`${region}-a`],
        },
      ],
    },
  })),
});

const nameOf = ({ provider, name }: Instance) => `${provider}/${name}`;
/** By instance: what it runs, how often, and what others it could. */
function chosenOf(evaluated: EvaluatedPlans, demand: SizingDemand): Map<string, unknown> {
  const { rows, excluded } = sizeForDemand(evaluated, demand);
  return new Map<string, unknown>([
    ...rows.map(({ chosen, others }): [string, unknown] => [
      nameOf(chosen.instance),
      { plan: chosen.group.key, instances: chosen.instances, replicas: chosen.replicas, others: others.length },
    ]),
    ...excluded.map(({ instance, refusal, group }): [string, unknown] => [
      nameOf(instance),
      { reason: refusal.reason, detail: refusal.detail, plan: group?.key ?? null },
    ]),
  ]);
}

describe.each(QUESTIONS)('the plan of every instance: %s', (_, draft) => {
  const { evaluated, demand } = prepared(draft);
  const first = chosenOf(
    priced(evaluated, () => 1, 'here'),
    demand,
  );

  it('is the same at every positive price, and in every place', () => {
    expect([...first.values()].filter((chosen) => 'instances' in (chosen as object)).length).toBeGreaterThan(5);
    const prices: ((index: number) => number)[] = [
      () => 0.0001,
      () => 1e6,
      (index) => 0.37 + index,
      (index) => 1000 / (index + 1),
      (index) => 1 + Math.sin(index),
    ];
    for (const [place, usdAt] of prices.entries()) {
      const region = `region-${place}`;
      const there = { ...demand, zone: place % 2 === 0 ? null : `${region}-a` };
      expect(chosenOf(priced(evaluated, usdAt, region), there)).toEqual(first);
    }
  });

  it('costs no more than any other that passes, at every price', () => {
    for (const usd of [0.01, 2.5, 700]) {
      const { rows } = sizeForDemand(
        priced(evaluated, () => usd, 'here'),
        demand,
      );
      for (const { chosen, others } of rows) {
        const costs = others
          .filter((plan): plan is SizedPlan => 'cost' in plan)
          .map(({ cost }) => cost?.usdPerHour ?? 0);
        expect(chosen.cost?.usdPerHour).toBeLessThanOrEqual(Math.min(...costs, Number.POSITIVE_INFINITY));
      }
    }
  });

  it('is the one that is chosen without a place', () => {
    const placeless = { rateReqPerS: demand.rateReqPerS, headroom: demand.headroom, maxGpus: demand.maxGpus };
    for (const candidate of evaluated.candidates) {
      const choice = choosePlan(evaluated.subject, candidate, placeless);
      const plan = 'chosen' in choice ? choice.chosen.group.key : (choice.group?.key ?? null);
      expect(first.get(nameOf(candidate.instance))).toMatchObject({ plan });
    }
  });
});
