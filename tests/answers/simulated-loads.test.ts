import { describe, expect, it } from 'vitest';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { answerSimulatedLoads, simulatedRates } from '../../src-worker/answers/detail/simulated-loads.ts';
import type { SimulatedLoadsDocument } from '../../src-worker/protocol/documents.ts';
import { planQuestionSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const ask = (question: SizeInputDraft, configuration: string): SimulatedLoadsDocument =>
  answerSimulatedLoads(planQuestionSchema.parse({ question, configuration }), modelSource(question.model), facts);

const CHAT: SizeInputDraft = { model: 'meta-llama/Llama-3.1-8B-Instruct', workload: 'chat', users: 100, top: 5 };
const [best] = size(CHAT).recommendations;
if (!best) throw new Error('nothing serves the chat');

describe('the loads that are simulated', () => {
  it('are the planned one, the capacity and some below it, each a mark of its own', () => {
    const rates = simulatedRates({ plannedPerMs: 0.006, capacityPerMs: 0.01, saturationPerMs: 0.013 });
    expect(rates.map(({ role }) => role).filter((role) => role !== 'between')).toEqual(['planned', 'capacity']);
    expect(rates.at(-1)).toEqual({ ratePerMs: 0.01, role: 'capacity' });
    expect(rates.length).toBeGreaterThanOrEqual(7);
    rates.slice(1).forEach(({ ratePerMs }, i) => {
      expect(ratePerMs - (rates[i]?.ratePerMs ?? NaN)).toBeGreaterThanOrEqual(0.0006 - 1e-12);
    });
  });

  it('hold a planned load above the capacity, and go up to 90 % of saturation where no load meets the targets', () => {
    const over = simulatedRates({ plannedPerMs: 0.02, capacityPerMs: 0.01, saturationPerMs: 0.013 });
    expect(over.at(-1)).toEqual({ ratePerMs: 0.02, role: 'planned' });
    const none = simulatedRates({ plannedPerMs: 0.002, capacityPerMs: null, saturationPerMs: 0.01 });
    expect(none.at(-1)?.ratePerMs).toBeCloseTo(0.009, 12);
    expect(none.some(({ role }) => role === 'capacity')).toBe(false);
  });
});

describe('a passing configuration', () => {
  const document = ask(CHAT, best.id);
  const { load_curve: curve } = answerDetail(
    planQuestionSchema.parse({ question: CHAT, configuration: best.id }),
    modelSource(CHAT.model),
    facts,
  );

  it('is simulated at loads of its curve, its percentiles in order and rising with the load', () => {
    expect(document.reason).toBeNull();
    const named = Object.fromEntries(document.loads.map((load) => [load.role, load.requests_per_s]));
    expect(named['planned']).toBe(curve?.planned_requests_per_s);
    expect(named['capacity']).toBe(curve?.capacity_requests_per_s);
    for (const { ttft_ms: ttft, half_width: half, saturated, requests } of document.loads) {
      expect([saturated, requests]).toEqual([null, 20_000]);
      expect(ttft.p50).toBeLessThan(ttft.p95 ?? NaN);
      expect(ttft.p95).toBeLessThan(ttft.p99 ?? NaN);
      expect(half?.ttft_ms.p95).toBeGreaterThan(0);
    }
    const tails = document.loads.map(({ tpot_ms: tpot }) => tpot.p95 ?? NaN);
    expect(tails).toEqual([...tails].sort((a, b) => a - b));
  });

  it('lies near the closed form at the planned load: it is the same workload', () => {
    const planned = document.loads.find(({ role }) => role === 'planned');
    for (const [simulated, closed] of [
      [planned?.ttft_ms.p50, best.ttft_ms.p50],
      [planned?.tpot_ms.p50, best.tpot_ms.p50],
      [planned?.e2e_ms.p95, best.e2e_ms.p95],
    ])
      expect(Math.abs((simulated ?? NaN) / (closed ?? NaN) - 1)).toBeLessThan(0.06);
  });

  it('is the same to the byte when it is asked again', () => {
    expect(JSON.stringify(ask(CHAT, best.id))).toBe(JSON.stringify(document));
  });
});

it('a plan that cannot carry its load says so at that load', () => {
  const question: SizeInputDraft = { ...CHAT, users: 100_000, max_gpus: 1, provider: ['lambda'] };
  const excluded = size(question).excluded.find(({ reason }) => reason === 'max_gpus' || reason === 'sla_missed');
  if (!excluded) throw new Error('everything carries it');
  const { loads } = ask(question, excluded.id ?? '');
  const planned = loads.find(({ role }) => role === 'planned');
  expect(planned?.saturated).not.toBeNull();
  expect(planned?.ttft_ms.p50).toBeNull();
  expect(loads.some(({ saturated }) => saturated === null)).toBe(true);
});

it('one request at a time is another engine than the simulated one', () => {
  const question: SizeInputDraft = { ...CHAT, method: 'mg1', users: 2 };
  const answer = size(question);
  const id = answer.recommendations[0]?.id ?? answer.excluded[0]?.id ?? '';
  const document = ask(question, id);
  expect(document.loads).toEqual([]);
  expect(document.reason).toMatch(/mg1/);
});

it('a configuration that is none of the question is refused', () => {
  expect(() => ask(CHAT, 'aws/none/us-east-1/tp1pp1/fp16')).toThrow(/configuration/i);
});
