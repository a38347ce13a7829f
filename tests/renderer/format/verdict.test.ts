import { describe, expect, test } from 'vitest';
import {
  groupExclusions,
  marginText,
  missFactor,
  nearestMiss,
  verdictOf,
} from '../../../src-renderer/format/verdict.ts';
import { EXCLUDED, exclusion, recommendation, ROWS, sizeDocument } from '../fixtures/documents.ts';

const cheapest = ROWS[0]!;
const ttft = (value: number) => ({ metric: 'ttft_p95', value, limit: 500, unit: 'ms' });
const none = (parts = {}) => sizeDocument({ recommendations: [], num_passing: 0, ...parts });

describe('verdict', () => {
  test('says what, whether it meets the targets, and at what price', () => {
    const verdict = verdictOf(sizeDocument(), cheapest);
    expect(verdict.kind).toBe('met');
    expect(verdict.sentence).toBe('1 × g6e.xlarge meets all 3 targets for $1.86 an hour');
    expect(verdict.why).toBe('One L40S in FP8, AWS, us-east-1, on demand. It runs at 47 % of capacity.');
  });

  test('a place without a name of its own is said with its provider', () => {
    const row = { ...cheapest, provider: 'runpod', region: 'global', zone: null };
    expect(verdictOf(sizeDocument(), row).why).toMatch(/^One L40S in FP8, RunPod, global, on demand\./);
  });

  test('several instances meet, one meets', () => {
    expect(verdictOf(sizeDocument(), ROWS[2]!).sentence).toBe('3 × g5.2xlarge meet all 3 targets for $3.64 an hour');
  });

  test('a row other than the cheapest says what it costs against it', () => {
    expect(verdictOf(sizeDocument(), ROWS[3]!).why).toContain('3.7× the price of the cheapest, 1 × g6e.xlarge.');
  });

  test('an unknown price is said, not guessed', () => {
    const own = recommendation(1, {
      instance: 'own',
      gpu: 'nvidia-l40s',
      usdPerHour: null,
      ttftP95Ms: 71,
      tpotP50Ms: 18,
      capacityShare: 0.5,
    });
    expect(verdictOf(sizeDocument({ recommendations: [own] }), own).sentence).toBe(
      '1 × own meets all 3 targets; its price is unknown',
    );
  });

  test('nothing passes: names the place, the load, the limits and what came nearest', () => {
    const document = none({
      input: { zone: 'europe-west4-a', max_gpus: 8, provider: [] },
      assumptions: { ...sizeDocument().assumptions, users: 50 },
    });
    const verdict = verdictOf(document, null);
    expect(verdict.kind).toBe('none');
    expect(verdict.sentence).toBe('Nothing in europe-west4-a serves 50 users with 8 GPUs on demand');
    expect(verdict.why).toContain('Do not fit in memory: 2 of 4 configurations.');
    expect(verdict.why).toContain('The nearest is g6.xlarge, L4, FP16, TP 1.');
  });

  test('a miss within a fifth of the target is near, a larger one is not', () => {
    const at = (value: number) =>
      verdictOf(none({ excluded: [exclusion('near.xlarge', 'sla_missed', ttft(value))] }), null);
    expect(at(590)).toMatchObject({
      kind: 'near',
      sentence: 'near.xlarge misses a target by 18 %; nothing meets them all',
    });
    expect(at(640).kind).toBe('none');
  });

  test('where only the limit on GPUs stands in the way, no target is called near', () => {
    const excluded = [
      exclusion('small', 'sla_missed', ttft(510)),
      exclusion('large', 'max_gpus', { metric: 'gpus', value: 8, limit: 1, unit: 'GPUs' }),
    ];
    expect(nearestMiss(excluded)?.instance).toBe('large');
    expect(verdictOf(none({ excluded }), null).kind).toBe('none');
  });

  test('no exclusion at all is still a sentence', () => {
    expect(verdictOf(none({ excluded: [] }), null).why).toBe(
      'The catalog holds no configuration within these filters.',
    );
  });
});

describe('exclusions', () => {
  test('are grouped by reason, the most frequent first, the nearest of each first', () => {
    const groups = groupExclusions(EXCLUDED);
    expect(groups.map(({ reason, rows }) => [reason, rows.length])).toEqual([
      ['memory', 2],
      ['price_unknown', 1],
      ['sla_missed', 1],
    ]);
    expect(groups[0]?.rows.map((row) => row.instance)).toEqual(['g4dn.2xlarge', 'g4dn.xlarge']);
  });

  test('every group together holds every row once', () => {
    expect(groupExclusions(EXCLUDED).flatMap((group) => group.rows)).toHaveLength(EXCLUDED.length);
  });

  test('a miss is a factor from 1 up in either direction', () => {
    expect(missFactor(exclusion('a', 'sla_missed', ttft(750)))).toBe(1.5);
    expect(
      missFactor(exclusion('a', 'compute_capability', { metric: 'compute', value: 6, limit: 7.5, unit: '' })),
    ).toBe(1.25);
    expect(missFactor(exclusion('a', 'price_unknown', null))).toBeNull();
  });

  test('margins name what was missed unless the unit does', () => {
    expect(marginText(exclusion('a', 'sla_missed', ttft(640)))).toBe('TTFT P95 640 ms, limit 500');
    expect(marginText(exclusion('a', 'max_gpus', { metric: 'gpus', value: 8, limit: 1, unit: 'GPUs' }))).toBe(
      '8 GPUs, limit 1',
    );
    expect(marginText(exclusion('a', 'price_unknown', null))).toBe('');
  });
});
