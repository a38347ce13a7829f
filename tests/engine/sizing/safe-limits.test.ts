import { expect, test } from 'vitest';
import { stateSeats } from '../../../src-worker/engine/sizing/seats.ts';
import { safeLimits } from '../../../src-worker/engine/sizing/safe-limits.ts';
import { fitMemory } from '../../../src-worker/engine/memory/fit.ts';
import { servedContextTokens } from '../../../src-worker/engine/sizing/served-context.ts';
import { checkPlanGroup } from '../../../src-worker/engine/sizing/plan-groups.ts';
import type { PlanGroup, SizingSubject } from '../../../src-worker/engine/sizing/types.ts';
import { subjectOf } from '../../../src-worker/answers/prepared.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';
import { facts, gpuOf, modelSource } from '../world.ts';

function subjectFor(model: string, workload: string): SizingSubject {
  return subjectOf(sizeInputSchema.parse({ model, users: 10, workload }), modelSource(model), facts).subject;
}

function planOn(subject: SizingSubject, gpuId: string, tensorParallel: number): PlanGroup {
  const instance = facts.instances.find((entry) => entry.gpuId === gpuId && entry.gpuCount >= tensorParallel);
  if (!instance) throw new Error(`no instance with ${gpuId}`);
  return checkPlanGroup(subject, gpuOf(gpuId), instance, tensorParallel, 'fp16');
}

/** The cache that vLLM would have left with these limits, in requests of the longest length. */
function requestsHeld(subject: SizingSubject, group: PlanGroup, limits: PlanGroup['limits']): number {
  const servedTokens = servedContextTokens(subject);
  const fit = fitMemory({
    model: subject.model,
    gpu: group.gpu,
    gpuShare: group.gpuShare,
    precision: group.precision,
    kvBytesPerElement: 2,
    tensorParallel: group.tensorParallel,
    limits,
    calibration: subject.calibration,
    servedTokens,
    contextTokens: servedTokens,
  });
  return fit.kvCacheTokens / (Math.ceil(servedTokens / 16) * 16);
}

for (const [model, workload, gpuId, tp] of [
  ['meta-llama/Llama-2-7b-hf', 'chat', 'nvidia-l4', 1],
  ['meta-llama/Llama-3.1-8B-Instruct', 'rag', 'nvidia-a100-40gb', 1],
  ['meta-llama/Llama-3.1-70B-Instruct', 'rag', 'nvidia-h100-80gb', 4],
  ['google/gemma-3-12b-it', 'rag', 'nvidia-h100-80gb', 1],
] as const) {
  test(`every seat holds the longest request, and one more would not fit: ${model}, ${workload}, ${tp} × ${gpuId}`, () => {
    const subject = subjectFor(model, workload);
    const group = planOn(subject, gpuId, tp);
    const { limits, seatsHeld } = safeLimits(subject, group);
    expect(limits.maxNumSeqs).toBeGreaterThan(0);
    expect(limits.maxNumSeqs).toBeLessThanOrEqual(group.limits.maxNumSeqs);
    expect(requestsHeld(subject, group, limits)).toBeGreaterThanOrEqual(limits.maxNumSeqs - 0.01);
    const more = { ...limits, maxNumSeqs: seatsHeld + 1 };
    expect(requestsHeld(subject, group, more)).toBeLessThan(seatsHeld + 1.01);
    expect(limits.gpuMemoryUtilization).toBe(0.85);
  });
}

test('where a smaller share would hold no request, the share stays', () => {
  // 15.0 GiB of weights on a GPU with 22.0: 0.85 of it leaves too little for a long context.
  const subject = subjectFor('meta-llama/Llama-3.1-8B-Instruct', 'rag');
  const group = planOn(subject, 'nvidia-l4', 1);
  const needed = safeLimits(subject, group);
  expect(group.memory?.fits).toBe(true);
  expect(needed.limits.gpuMemoryUtilization === 0.85 ? needed.seatsHeld : 1).toBeGreaterThanOrEqual(1);
  const tight: PlanGroup = {
    ...group,
    memory: group.memory && { ...group.memory, longestRequestBytes: needed.roomBytes + 1 },
  };
  expect(safeLimits(subject, tight).limits.gpuMemoryUtilization).toBe(group.limits.gpuMemoryUtilization);
});

test('a model that keeps a state is started with no more seats than states fit', () => {
  const recurrent = subjectFor('tiiuae/falcon-mamba-7b-instruct', 'chat');
  const group = planOn(recurrent, 'nvidia-l4', 1);
  const { memory } = group;
  if (!memory) throw new Error('no memory');
  const seats = stateSeats(group)?.seats ?? group.limits.maxNumSeqs;
  expect(group.seats?.byDefault).toBe(256);
  expect(seats).toBeLessThan(256);
  expect(seats * memory.stateBytes).toBeLessThanOrEqual(memory.kvCacheBytes);
  expect(safeLimits(recurrent, group).limits.maxNumSeqs).toBeLessThanOrEqual(seats);
  // One seat more than whole states fit is taken back, whatever the rest of a sequence keeps.
  const crowded = { ...group, limits: { ...group.limits, maxNumSeqs: 256 } };
  const held = stateSeats(crowded) ?? expect.fail('256 states fit');
  expect(held.seats).toBe(Math.floor(memory.kvCacheBytes / memory.stateBytes));
  const attending = subjectFor('meta-llama/Llama-3.1-8B-Instruct', 'chat');
  expect(stateSeats(planOn(attending, 'nvidia-l4', 1))).toBeNull();
});
