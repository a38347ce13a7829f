import { describe, expect, it } from 'vitest';
import { predictReport } from '../../src-main/cli/report/predict-report.ts';
import { sizeReport } from '../../src-main/cli/report/size-report.ts';
import type { DecisionDocument, IntervalBasis, IntervalDocument } from '../../src-worker/protocol/documents.ts';
import { chanceText, chanceWords } from '../../src-worker/protocol/chances.ts';
import { predict } from '../answers/ask.ts';
import { recommendation, sizeDocument } from './size-document.ts';

const SHOW = { top: 3, detail: 1 };

const interval: IntervalDocument = {
  ttft_ms_p50: [50.04, 130.2],
  ttft_ms_p95: [248, 645],
  ttft_ms_p99: [500, 1302],
  tpot_ms_p50: [33, 62.5],
  capacity_requests_per_s: [3.1, 8.24],
  replicas: [2, 6],
  usd_per_hour: [1.7072, 5.1216],
  usd_per_request: [0.0000363, 0.000109],
};
const interval_basis: IntervalBasis = {
  novelty: ['group_new', 'gpu_unseen'],
  traits: [],
  factors: { ttft: 1.6, tpot: 1.4, e2e: 1.2, throughput: 1.3 },
  sentence: 'NVIDIA L4 was never measured.',
};
const decision: DecisionDocument = {
  meets_targets_probability: 0.86,
  cheapest_probability: 0.6,
  candidates: 12,
  sentence: 'It meets its targets with a chance of 86 %.',
};
const ranged = recommendation({ interval, interval_basis, interval_reason: null, meets_targets_probability: 0.86 });

describe('size report: how sure it is', () => {
  const report = sizeReport(sizeDocument({ recommendations: [ranged], decision, decision_reason: null }), null, SHOW);

  it('gives the range of every latency that has one, and what they rest on', () => {
    expect(report).toContain('  TTFT P50 50.0 to 130 ms, P95 248 to 645 ms, P99 500 to 1,302 ms');
    expect(report).toContain('  TPOT P50 33.0 to 62.5 ms\n');
    expect(report).toContain('  NVIDIA L4 was never measured.');
    expect(report).not.toMatch(/^ {2}E2E/m);
  });

  it('gives that of capacity and of cost beside the figures', () => {
    expect(report.replaceAll(/\n +/g, ' ')).toContain('5.90 req/s per replica, likely 3.10 to 8.24)');
    expect(report).toContain('Likely, planned with the true speed: $1.71/h to $5.12/h (2 to 6 replicas)');
  });

  it('sums up with the chance of the decision', () => {
    expect(report).toContain('Chance: It meets its targets with a chance of 86 %.');
  });

  it('a row after the first has the chance of its own targets alone', () => {
    const second = { ...ranged, rank: 2, meets_targets_probability: 0.3 };
    const text = sizeReport(sizeDocument({ recommendations: [ranged, second], decision }), null, { top: 2, detail: 2 });
    expect(text).toContain('Chance: as planned it meets its targets with a chance of 30 %: unlikely');
    expect(text).not.toContain('Chance: It meets');
  });

  it('an end that is no number says so', () => {
    const open = { ...interval, replicas: [2, null], usd_per_hour: [1.7072, null] } as IntervalDocument;
    const text = sizeReport(sizeDocument({ recommendations: [{ ...ranged, interval: open }] }), null, SHOW);
    expect(text.replaceAll(/\n +/g, ' ')).toContain(
      '$1.71/h or more (2 or more replicas); at the slow end even an idle replica misses a target',
    );
  });

  it('says why there is none, in place of the ranges, and nothing of a chance', () => {
    const text = sizeReport(sizeDocument(), null, SHOW);
    expect(text).toContain('No ranges: no basis yet');
    expect(text).not.toMatch(/likely \d|Likely,|Chance:/);
  });

  it('stays within 80 columns', () => {
    expect(report.split('\n').filter((line) => [...line].length > 80 && !/vllm (bench )?serve/.test(line))).toEqual([]);
  });
});

describe('predict report: how sure it is', () => {
  const question = {
    model: 'meta-llama/Llama-2-7b-hf',
    gpu: 'nvidia-h100-80gb',
    input_tokens: 250,
    output_tokens: 150,
  };

  it('has the ranges of the latencies, and of throughput where the deployment sets it', () => {
    const closed = predictReport(predict({ ...question, concurrency: 16 }));
    expect(closed).toMatch(/80% Ranges:\n {2}TTFT P50 [\d.]+ to [\d.]+ ms, P95/);
    expect(closed.replaceAll(/\n +/g, ' ')).toMatch(/with prompts; output likely [\d,]+ to [\d,]+ tok\/s/);
    const open = predictReport(predict({ ...question, rate: 2 }));
    expect(open).toContain('80% Ranges:');
    expect(open).not.toContain('output likely');
  });

  it('says why there is none', () => {
    const seed = predictReport(predict({ ...question, rate: 2, calibration: 'seed' }));
    expect(seed).toContain('No ranges: Calibration profile "seed" was not held against measurements');
    expect(predictReport(predict({ ...question, rate: 9000 }))).toContain('No ranges: There is no steady state');
  });
});

describe('chances in words', () => {
  it('are whole percents, and certain only where they are', () => {
    expect([0, 0.001, 0.126, 0.5, 0.994, 0.9999, 1].map(chanceText)).toEqual([
      '0 %',
      'less than 1 %',
      '13 %',
      '50 %',
      '99 %',
      'more than 99 %',
      '100 %',
    ]);
  });

  it('have a word for every chance, never a better one for a lower chance', () => {
    const words = Array.from({ length: 101 }, (_, i) => chanceWords(i / 100));
    expect(words[0]).toBe('very unlikely');
    expect(words[100]).toBe('very likely');
    for (let i = 1; i < words.length; i += 1) {
      // A word that was left behind does not come back.
      if (words[i] !== words[i - 1]) expect(words.slice(0, i)).not.toContain(words[i]);
    }
  });
});
