import { describe, expect, it } from 'vitest';
import { answerQueue } from '../../../src-worker/answers/queue.ts';
import { queueInputSchema, type QueueInputDraft } from '../../../src-worker/protocol/requests.ts';

const answer = (draft: QueueInputDraft) => answerQueue(queueInputSchema.parse(draft));

describe('queue document', () => {
  it('answers the M/M/1 by its defaults: gamma of cv 1', () => {
    const document = answer({ rate: 8, service_ms: 100 });
    expect(document).toMatchObject({ schema_version: 1, utilization: 0.8, stable: true, wait_probability: 0.8 });
    expect(document.input).toEqual({
      rate: 8,
      service_ms: 100,
      service_cv: 1,
      servers: 1,
      distribution: 'gamma',
      arrival: 'poisson',
      arrival_cv: 1,
    });
    expect(document.wait_ms.mean).toBe(400);
    expect(document.response_ms.mean).toBe(500);
    expect(document.response_ms.p50).toBeCloseTo(500 * Math.LN2, 4);
    expect(document.wait_ms.p99).toBeCloseTo(500 * Math.log(80), 3);
  });

  it('prints 0 where the exact wait is 0', () => {
    expect(answer({ rate: 1, service_ms: 100 }).wait_ms).toMatchObject({ p50: 0, p95: expect.any(Number) as number });
    expect(answer({ rate: 0.01, service_ms: 100 }).wait_ms).toMatchObject({ p50: 0, p95: 0, p99: 0 });
  });

  it('echoes the coefficient of variation that was used', () => {
    expect(answer({ rate: 1, service_ms: 500, distribution: 'deterministic' }).input.service_cv).toBe(0);
    expect(answer({ rate: 1, service_ms: 500, distribution: 'exponential', service_cv: 3 }).input.service_cv).toBe(1);
    expect(answer({ rate: 1, service_ms: 500, distribution: 'lognormal', service_cv: 0.4 }).input.service_cv).toBe(0.4);
  });

  it.each([1, 1.5])('at utilization %d is not stable and has no times', (rate) => {
    const document = answer({ rate, service_ms: 1000 });
    const none = { mean: null, p50: null, p95: null, p99: null };
    expect(document).toMatchObject({
      utilization: rate,
      stable: false,
      wait_ms: none,
      response_ms: none,
      wait_probability: null,
    });
    expect(document.method).toContain('no steady state');
  });

  it.each([
    [{ distribution: 'exponential' }, /^M\/M\/1 with exponential service, exact/],
    [{ distribution: 'deterministic' }, /^M\/D\/1 with constant service, exact/],
    [{ distribution: 'gamma', service_cv: 0.5 }, /^M\/G\/1 with gamma service, exact.*Euler/],
    [{ distribution: 'lognormal', service_cv: 0.5 }, /^M\/G\/1 with lognormal service, exact.*lattice/],
    [{ distribution: 'lognormal', service_cv: 0 }, /^M\/D\/1/],
    [{ distribution: 'exponential', servers: 4 }, /^M\/M\/k.*exact/],
    [{ distribution: 'gamma', servers: 4 }, /^M\/G\/k with gamma service, approximate/],
    [{ arrival: 'gamma', arrival_cv: 2 }, /^GI\/G\/1 with gamma gaps .* numerically exact/],
    [{ arrival: 'constant', distribution: 'deterministic' }, /^D\/D\/1 /],
    [{ arrival: 'constant', servers: 4 }, /^D\/G\/k .* approximate/],
  ] satisfies [Partial<QueueInputDraft>, RegExp][])('for %o says how', (draft, words) => {
    expect(answer({ rate: 1, service_ms: 500, ...draft }).method).toMatch(words);
  });

  it('echoes the spread of arrivals that was used', () => {
    const question = { rate: 1, service_ms: 500, service_cv: 0.5 };
    expect(answer({ ...question, arrival: 'constant' }).input.arrival_cv).toBe(0);
    expect(answer({ ...question, arrival: 'gamma', arrival_cv: 2 }).input.arrival_cv).toBe(2);
    expect(answer({ ...question, arrival: 'gamma' }).input).toEqual({ ...answer(question).input, arrival: 'gamma' });
    expect(answer({ ...question, arrival: 'gamma' }).wait_ms).toEqual(answer(question).wait_ms);
  });

  it('burstier arrivals wait longer, constant ones less', () => {
    const waits = (['constant', 'poisson', 'gamma'] as const).map(
      (arrival) =>
        answer({ rate: 1.6, service_ms: 500, arrival, arrival_cv: arrival === 'gamma' ? 2 : null }).wait_ms.p95,
    );
    expect(waits[0]).toBeLessThan(waits[1] ?? 0);
    expect(waits[1]).toBeLessThan(waits[2] ?? 0);
  });

  it.each([
    [{ arrival_cv: 2 }, /arrival_cv 2 belongs to --arrival gamma/],
    [{ arrival: 'constant', arrival_cv: 0.5 }, /constant arrivals have the spread 0/],
    [{ arrival: 'gamma', arrival_cv: 9 }, /arrival_cv 9 is more .* give at most 5, or take --arrival poisson/],
    [{ arrival: 'constant', service_cv: 9 }, /service_cv 9 is more/],
  ] satisfies [Partial<QueueInputDraft>, RegExp][])('refuses %o', (draft, sentence) => {
    expect(() => answer({ rate: 1, service_ms: 500, ...draft })).toThrow(sentence);
  });

  it.each([
    { rate: 0 },
    { rate: -1 },
    { rate: Infinity },
    { rate: NaN },
    { service_ms: 0 },
    { service_cv: 50 },
    { servers: 0 },
    { servers: 1e9 },
    { arrival: 'gamma', arrival_cv: 50 },
  ] satisfies Partial<QueueInputDraft>[])('is not asked for %o', (draft) => {
    expect(queueInputSchema.safeParse({ rate: 1, service_ms: 500, ...draft }).success).toBe(false);
  });

  it('holds no number JSON cannot carry, at any corner of the request', () => {
    for (const rate of [1e-300, 1e-3, 1e9]) {
      for (const service_ms of [1e-300, 1e-6, 1, 1e12]) {
        for (const service_cv of [0, 20]) {
          for (const servers of [1, 100_000]) {
            const document = answer({ rate, service_ms, service_cv, servers, distribution: 'lognormal' });
            expect(JSON.parse(JSON.stringify(document))).toEqual(document);
          }
        }
      }
    }
  });
});
