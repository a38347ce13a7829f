import { describe, expect, test } from 'vitest';
import type { NoAnswer } from '../../../src-worker/protocol/documents.ts';
import { size } from '../ask.ts';
import { answerTo, CASES, type CaseName } from './cases.ts';

const names = Object.keys(CASES) as CaseName[];

function reasonFor(name: CaseName): NoAnswer {
  const reason = answerTo(name).no_answer;
  if (!reason) throw new Error(`${name} has an answer`);
  return reason;
}

describe.each(names)('no answer: %s', (name) => {
  const reason = reasonFor(name);

  test('the limit is a sentence, and the nearest is one of the excluded', () => {
    expect(reason.limit.sentence).toMatch(/^[A-Z\w].*\.$/);
    const { excluded } = answerTo(name);
    if (reason.nearest) expect(excluded).toContainEqual(reason.nearest);
    else expect(excluded.every(({ margin }) => margin === null || margin.metric === 'tensor_parallel')).toBe(true);
  });

  test('a replica carries less than it would have to, or neither is said', () => {
    const { carries_requests_per_s: carries, needed_requests_per_s: needed } = reason;
    expect(carries === null).toBe(needed === null);
    if (carries !== null && needed !== null) expect(carries).toBeLessThan(needed);
  });

  test('at most five changes do not help, none of which stands among those that do', () => {
    const helping = answerTo(name).relaxations.map(({ change }) => change);
    expect(reason.unhelpful.length).toBeLessThanOrEqual(5);
    for (const { change, why } of reason.unhelpful) {
      expect(change.split(', ').filter((one) => helping.includes(one))).toEqual([]);
      expect(why).toMatch(/\.$/);
      expect(why).not.toMatch(/NaN|Infinity|undefined|null/);
    }
  });
});

describe('no answer: the limit', () => {
  test('load: the nearest carries the largest part of it, with the headroom asked for', () => {
    const question = CASES['one GPU for a 70B model'];
    const {
      carries_requests_per_s: carries,
      needed_requests_per_s: needed,
      nearest,
    } = reasonFor('one GPU for a 70B model');
    const document = answerTo('one GPU for a 70B model');
    // One GPU is one replica: it would have to carry all of it.
    expect(needed).toBeCloseTo(document.assumptions.rate_requests_per_s, 8);
    // The same plan, asked for a load it serves, states its capacity; 25 % of headroom plan with 0.75 of it.
    const served = size({ ...question, users: 10, gpu: [nearest?.gpu ?? ''] });
    expect(carries).toBeCloseTo(0.75 * (served.recommendations[0]?.capacity_requests_per_s ?? 0), 6);
  });

  test('load: names the resource, the target that ends the capacity, and where', () => {
    const { limit } = reasonFor('few GPUs in one zone');
    expect(limit.kind).toBe('compute');
    expect(limit.sentence).toMatch(
      /^Prefill compute is the limit: one replica on 8 × .* reaches TPOT P50 40 ms at 1\.\d+ requests\/s\.$/,
    );
  });

  test('a full server is full, whatever the targets', () => {
    const { limit, unhelpful } = reasonFor('far more requests than the GPUs carry');
    expect(['seats', 'kv_capacity']).toContain(limit.kind);
    expect(limit.sentence).toMatch(/is full at/);
    expect(unhelpful.find(({ change }) => change.includes('target'))?.why).toMatch(
      /^The server is full, not slow: .* of 100,000 requests\/s/,
    );
  });

  test('targets: how far an idle replica is from them', () => {
    const { limit, nearest, carries_requests_per_s: carries } = reasonFor('a first token within 1 ms');
    expect(limit.sentence).toMatch(/TTFT P50 is \d+ ms on an idle replica of .*, the target is 1 ms\.$/);
    expect(nearest?.margin).toMatchObject({ metric: 'ttft_p50', limit: 1 });
    expect(carries).toBeNull();
  });

  test('memory: the weights of all GPUs together against what those have for them', () => {
    // 68.98 B parameters · 2 bytes / 2^30 = 128.5 GiB; 4 × L4 have 22.05 GiB each before vLLM takes its part.
    const { limit } = reasonFor('weights larger than the memory');
    expect(limit.kind).toBe('memory');
    const [, needs, has] = /need ([\d.]+) GiB; .*4 × L4 .* have ([\d.]+) GiB/.exec(limit.sentence) ?? [];
    expect(Number(needs)).toBeCloseTo(128.5, 1);
    expect(Number(has)).toBeGreaterThan(4 * 15);
    expect(Number(has)).toBeLessThan(4 * 22.05);
  });

  test('price, place and scope: nothing could be compared, and that is said', () => {
    expect(reasonFor('spot where none is sold')).toMatchObject({ nearest: null, limit: { kind: 'spot_unknown' } });
    expect(reasonFor('on demand without a price').limit.sentence).toMatch(/^No on-demand price is known/);
    expect(reasonFor('only retired instances').limit.kind).toBe('retired');
    expect(reasonFor('more parallelism than any instance has').limit.sentence).toMatch(/64 GPUs/);
    expect(reasonFor('nothing matches the filters').limit.kind).toBe('nothing_in_scope');
  });

  test('a question with an answer has no reason for none', () => {
    const document = size({ model: 'meta-llama/Llama-2-7b-hf', users: 10 });
    expect([document.no_answer, document.relaxations]).toEqual([null, []]);
  });
});

describe('no answer: what does not help', () => {
  test('FP8 on GPUs without its units says so', () => {
    const a100 = size({ model: 'meta-llama/Llama-2-70b-hf', users: 5000, gpu: ['nvidia-a100-80gb-sxm'], max_gpus: 8 });
    const fp8 = a100.no_answer?.unhelpful.find(({ change }) => change.includes('FP8 weights'));
    expect(fp8?.why).toMatch(
      /^A100 .* has no FP8 units, so prefill stays as slow: .* carries [\d.,]+ of [\d.,]+ requests\/s\.$/,
    );
  });

  test('less headroom is tried where load is missed, with what is carried then', () => {
    const headroom = reasonFor('far more requests than the GPUs carry').unhelpful.find(({ change }) =>
      change.startsWith('Headroom'),
    );
    expect(headroom?.change).toBe('Headroom 25 -> 0 %');
    expect(headroom?.why).toMatch(/then carries [1-9][\d,]* of 100,000 requests\/s\.$/);
    expect(reasonFor('a first token within 1 ms').unhelpful.some(({ change }) => change.includes('Headroom'))).toBe(
      false,
    );
  });

  test('spot is mentioned where it is not sold, and not where it is merely no faster', () => {
    const h200 = { model: 'meta-llama/Llama-2-7b-hf', users: 10, provider: ['aws'], gpu: ['nvidia-h200'], max_gpus: 1 };
    const spot = size(h200).no_answer?.unhelpful.find(({ change }) => change === 'Use spot instances');
    expect(spot?.why).toMatch(/^No spot price is known/);
    const sold = reasonFor('few GPUs in one zone').unhelpful.map(({ change }) => change);
    expect(sold.join('; ')).not.toMatch(/spot/);
  });

  test('a single user is not served either where an idle replica is too slow', () => {
    const { unhelpful } = reasonFor('a first token within 1 ms');
    expect(unhelpful.map(({ change }) => change).join('; ')).toMatch(/Serve 1 user/);
  });
});
