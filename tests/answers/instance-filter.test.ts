import { describe, expect, it } from 'vitest';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { placesOf, surveySearches } from '../../src-worker/answers/sweep/survey.ts';
import { prepareSizing, sizeAt } from '../../src-worker/answers/size.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { instanceId } from '../../src-worker/engine/hardware/resolve.ts';
import { seededRandom } from '../../src-worker/engine/numerics/random.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import {
  planQuestionSchema,
  sizeInputSchema,
  sweepSpecSchema,
  type OwnMachineDraft,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';

/** Rows without their place in the list, which follows from the others; all alike, where an answer says more of its first rows. */
function rowsOf(question: SizeInputDraft): { passing: object[]; excluded: object[] } {
  const prepared = prepareSizing(sizeInputSchema.parse(question), modelSource(question.model), facts);
  const { recommendations, excluded } = sizeAt(prepared, { users: null, zone: null }, { isBrief: true });
  return { passing: recommendations.map((row) => ({ ...row, rank: 0 })), excluded };
}

const idOf = (row: object): string => {
  const { provider, instance } = row as { provider: string; instance: string };
  return `${provider}/${instance}`;
};

describe('the answer for some instances is that for all, of these instances', () => {
  const questions: [string, SizeInputDraft][] = [
    ['anywhere', { model: LLAMA, users: 90 }],
    ['as spot, in two precisions', { model: LLAMA, users: 400, pricing: 'spot', quantization: ['fp8', 'int4'] }],
    ['in one zone, with retired instances', { model: LLAMA, rate: 3, zone: 'us-central1-a', include_retired: true }],
    ['of a model that few hold', { model: 'meta-llama/Llama-3.1-70B-Instruct', users: 30, max_gpus: 8 }],
  ];
  it.each(questions)('%s', (_, question) => {
    const random = seededRandom(7);
    const all = rowsOf(question);
    const retired = facts.instances.filter(({ status }) => status === 'retired');
    expect(retired.length).toBeGreaterThan(0);
    for (let draw = 0; draw < 4; draw += 1) {
      const drawn = [...facts.instances.filter(() => random() < 0.04), ...retired.slice(0, draw)];
      const ids = new Set(drawn.map(instanceId));
      // By name alone or with the provider: no two of the catalog are called alike.
      const named = drawn.map((instance) => (random() < 0.5 ? instance.name : instanceId(instance)));
      const some = rowsOf({ ...question, instance: named });
      expect(some.passing).toEqual(all.passing.filter((row) => ids.has(idOf(row))));
      expect(some.excluded).toEqual(all.excluded.filter((row) => ids.has(idOf(row))));
      expect(some.passing.length + some.excluded.length).toBe(ids.size);
    }
  });

  it('and meets the other filters', () => {
    const instance = ['g2-standard-4', 'p5.48xlarge'];
    const only = (more: Partial<SizeInputDraft>): string[] => {
      const { passing, excluded } = rowsOf({ model: LLAMA, users: 50, instance, ...more });
      return [...passing, ...excluded].map(idOf).sort();
    };
    expect(only({})).toEqual(['aws/p5.48xlarge', 'gcp/g2-standard-4']);
    expect(only({ provider: ['gcp'] })).toEqual(['gcp/g2-standard-4']);
    expect(only({ gpu: ['h100'] })).toEqual(['aws/p5.48xlarge']);
  });
});

describe('one configuration', () => {
  it('of an instance that is asked for is that of the answer; of another there is none', () => {
    const question: SizeInputDraft = { model: LLAMA, users: 50, instance: ['a2-highgpu-1g'], simulation_check: false };
    const [row] = size(question).recommendations;
    const configuration = row?.id ?? expect.fail('nothing passes');
    const ask = (instance: string[]) =>
      answerDetail(
        planQuestionSchema.parse({ question: { ...question, instance }, configuration }),
        modelSource(LLAMA),
        facts,
      );
    expect(ask(['gcp/a2-highgpu-1g'])).toEqual({ ...ask(['a2-highgpu-1g']), input: expect.anything() as unknown });
    expect(() => ask(['p5.48xlarge'])).toThrow(ConfigIqError);
  });
});

describe('machines of one\u2019s own', () => {
  const machines: OwnMachineDraft[] = [
    { name: 'two', gpu: 'nvidia-l4', gpu_count: 2 },
    { name: 'one', gpu: 'nvidia-h100-80gb' },
  ];
  const named = (instance: string[]): string[] =>
    size({ model: LLAMA, users: 20, own_hardware: machines, instance }).recommendations.map((row) => row.instance);

  it('are asked for by name', () => {
    expect(named([]).sort()).toEqual(['one', 'two']);
    expect(named(['two'])).toEqual(['two']);
    expect(named(['own/one'])).toEqual(['one']);
    expect(() => named(['g2-standard-4'])).toThrow(/unknown instance "g2-standard-4": known: one, two/);
  });
});

it('a survey counts what a sweep over instances will have', () => {
  const spec = sweepSpecSchema.parse({
    base: { model: LLAMA, users: 50, provider: ['gcp'] },
    axes: { instance: ['*'], headroom: [10, 50] },
  });
  const plan = planSweep(spec, facts);
  const sold = facts.instances.filter(({ provider, status }) => provider === 'gcp' && status !== 'retired');
  const survey = surveySearches(plan.inputs, placesOf(plan.demand), new Map([[LLAMA, modelSource(LLAMA)]]), facts);
  expect(plan.points).toBe(2 * sold.length);
  expect(survey.rowsOfInputs).toEqual(sold.map(() => 1));
  expect(survey.instances).toBe(sold.length);
  // As many searches as without the axis: instances with equal groups of GPUs share them, whichever asks.
  const { inputs, demand } = planSweep({ ...spec, axes: {} }, facts);
  const without = surveySearches(inputs, placesOf(demand), new Map([[LLAMA, modelSource(LLAMA)]]), facts);
  expect(survey.searches).toBe(without.searches);
});
