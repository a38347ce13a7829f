import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../../src-worker/answers/prepared.ts';
import { engineLimits, fitMemory } from '../../../src-worker/engine/memory/fit.ts';
import { findCapacity } from '../../../src-worker/engine/sizing/capacity.ts';
import { supportOf } from '../../../src-worker/engine/sizing/plan-refusals.ts';
import { replicaWith } from '../../../src-worker/engine/sizing/replica-subject.ts';
import { evaluatePlanGroup } from '../../../src-worker/engine/sizing/plan-groups.ts';
import { servedContextTokens } from '../../../src-worker/engine/sizing/served-context.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';
import { facts, gpuOf, modelSource } from '../world.ts';

function planOf(model: string, workload: string, gpuId: string, tp: number, pp = 1) {
  const input = sizeInputSchema.parse({ model, workload, users: 10, pp });
  const { subject } = subjectOf(input, modelSource(model), facts);
  const instance =
    facts.instances.find(({ gpuId: id, gpuCount }) => id === gpuId && gpuCount >= tp * pp) ??
    expect.fail(`no instance with ${tp * pp} × ${gpuId}`);
  const group = evaluatePlanGroup(subject, gpuOf(gpuId), instance, tp, 'fp16');
  const { memory, seats } = group;
  if (!memory || !seats) return expect.fail(`${model} does not fit on ${gpuId}`);
  const fit = (maxNumSeqs: number) =>
    fitMemory({
      ...group,
      model: subject.model,
      kvBytesPerElement: 2,
      limits: { ...group.limits, maxNumSeqs },
      calibration: subject.calibration,
      servedTokens: servedContextTokens(subject),
      contextTokens: subject.lengths.moments.decodeContextMean,
    });
  return { subject, group, memory, seats, fit, held: memory.kvCacheTokens / seats.tokensPerSequence };
}

const LLAMA_70B = 'meta-llama/Llama-3.1-70B-Instruct';

describe.each([
  ['meta-llama/Llama-3.1-8B-Instruct', 'rag', 'nvidia-h100-80gb', 1, 1],
  [LLAMA_70B, 'rag', 'nvidia-h100-80gb', 4, 1],
  [LLAMA_70B, 'code', 'nvidia-h100-80gb', 2, 4],
  ['meta-llama/Llama-2-7b-hf', 'chat', 'nvidia-l4', 1, 1],
  ['google/gemma-3-12b-it', 'rag', 'nvidia-h100-80gb', 1, 1],
] as const)(
  '%s, %s, on %s, TP %i, PP %i: the cache has fewer sequences than the default',
  (model, workload, gpu, tp, pp) => {
    const { group, seats, held, memory, fit } = planOf(model, workload, gpu, tp, pp);

    test('the seats are those of its sequences of mean length, rounded up to the stages', () => {
      expect(seats.seats).toBeLessThan(seats.byDefault);
      expect(group.limits.maxNumSeqs).toBe(seats.seats);
      // Never fewer than the cache holds, so that the cache stays what limits; at most one for each stage more.
      expect(seats.seats).toBeGreaterThanOrEqual(held);
      expect(seats.seats - held).toBeLessThan(pp + 1);
      expect(seats.seats % pp).toBe(0);
    });

    test('the memory of the plan is that of a server with these seats, and larger than with the default', () => {
      expect(memory.kvCacheTokens).toBe(fit(seats.seats).kvCacheTokens);
      expect(memory.kvCacheTokens).toBeGreaterThanOrEqual(fit(seats.byDefault).kvCacheTokens);
    });
  },
);

test('where the cache holds more sequences than the default has seats, the default stays', () => {
  const { subject, group, seats, held, memory, fit } = planOf('Qwen/Qwen2.5-0.5B', 'chat', 'nvidia-h100-80gb', 1);
  const { maxNumSeqs } = engineLimits(subject.engine, group.gpu);
  expect(seats).toMatchObject({ seats: maxNumSeqs, byDefault: maxNumSeqs });
  expect(group.limits.maxNumSeqs).toBe(maxNumSeqs);
  expect(held).toBeGreaterThan(maxNumSeqs);
  expect(memory.kvCacheTokens).toBe(fit(maxNumSeqs).kvCacheTokens);
});

test('fewer seats never carry less: the capacity is at least that of a plan with the default', () => {
  const { subject, group, seats, fit } = planOf(LLAMA_70B, 'rag', 'nvidia-h100-80gb', 4);
  const support = supportOf(subject, group.gpu, 'fp16');
  const instance = facts.instances.find(({ gpuId, gpuCount }) => gpuId === 'nvidia-h100-80gb' && gpuCount >= 4);
  if (support.kind === 'unsupported' || !instance) return expect.fail('no replica');
  const limits = { ...group.limits, maxNumSeqs: seats.byDefault };
  const { batching } = replicaWith(subject, { ...group, limits }, fit(seats.byDefault), support, instance);
  const byDefault = findCapacity(batching, subject.targets);
  expect(byDefault.kind).toBe('found');
  const carried = byDefault.kind === 'found' ? byDefault.ratePerMs : Infinity;
  // Searches are exact to 0.1 %.
  expect(group.load?.ratePerMsAtCapacity).toBeGreaterThanOrEqual(carried * 0.998);
  expect(group.load?.saturation().cause).not.toBe('seats');
});
