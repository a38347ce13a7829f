import { describe, expect, test } from 'vitest';
import { slaStatus } from '../../../src-worker/answers/recommendation.ts';
import type { Instance } from '../../../src-worker/engine/hardware/types.ts';
import { engineLimits, fitMemory } from '../../../src-worker/engine/memory/fit.ts';
import { chooseOffer } from '../../../src-worker/engine/sizing/offers.ts';
import { evaluatePlanGroup } from '../../../src-worker/engine/sizing/plan-groups.ts';
import { hostMemoryRefusal } from '../../../src-worker/engine/sizing/host-memory.ts';
import { meetsTargets } from '../../../src-worker/engine/sizing/planned-load.ts';
import type { SizingSubject } from '../../../src-worker/engine/sizing/types.ts';
import { bytesFromGib } from '../../../src-worker/engine/units.ts';
import { prepareSizing } from '../../../src-worker/answers/prepared.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';
import { calibrationOf, facts, gpuOf, modelOf, modelSource } from '../world.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const subjectFor = (more: object = {}): SizingSubject =>
  prepareSizing(
    sizeInputSchema.parse({ model: MODEL, users: 10, gpu: ['nvidia-l4'], ...more }),
    modelSource(MODEL),
    facts,
  ).subject;

const instance = (more: Partial<Instance> = {}): Instance => ({
  provider: 'made-up',
  name: 'one-gpu',
  family: 'x',
  gpuId: 'nvidia-h100-80gb',
  gpuCount: 1,
  vcpus: 8,
  hostMemoryBytes: bytesFromGib(64),
  interconnect: 'none',
  interconnectBandwidthPerDirectionBytesPerS: null,
  localSsdBytes: null,
  status: 'current',
  notes: null,
  layer: 'bundled',
  offers: [],
  ...more,
});

const groupOn = (subject: SizingSubject, host: Instance) =>
  evaluatePlanGroup(subject, gpuOf(host.gpuId), host, 1, subject.precisions[0] ?? 'fp16');

describe('host memory: a quarter of the checkpoint + 4 GiB', () => {
  test('8 billion 16-bit weights (15 GiB) need 7.74 GiB of host memory', () => {
    const subject = subjectFor();
    const at = (gib: number) => {
      const host = instance({ hostMemoryBytes: bytesFromGib(gib) });
      return hostMemoryRefusal(subject, host, groupOn(subject, host));
    };
    expect(at(7.8)).toBeNull();
    expect(at(7.7)?.reason).toBe('host_memory');
    expect(at(7.7)?.margin).toMatchObject({ value: 7.7, unit: 'GiB' });
    expect(at(7.7)?.margin?.limit).toBeCloseTo(4 + 14.96 / 4, 2);
  });

  test('fp8 made while loading still reads the 16-bit file', () => {
    const subject = subjectFor({ quantization: ['fp8'] });
    const host = instance({ hostMemoryBytes: bytesFromGib(7) });
    expect(hostMemoryRefusal(subject, host, groupOn(subject, host))?.reason).toBe('host_memory');
  });
});

describe('shares of a GPU', () => {
  test('half a GPU has half the memory, bandwidth and compute, and the small scheduler limits', () => {
    const subject = subjectFor();
    const whole = groupOn(subject, instance());
    const half = groupOn(subject, instance({ gpuCount: 0.5 }));
    expect((half.memory?.totalBytes ?? 0) / (whole.memory?.totalBytes ?? 1)).toBeCloseTo(0.5, 9);
    expect([whole.limits.maxNumSeqs, half.limits.maxNumSeqs]).toEqual([1024, 256]);
    const projections = ({ load }: typeof whole): number => load?.stepParts(1, 0, 0).decode.projections ?? NaN;
    const head = ({ load }: typeof whole): number => load?.stepParts(1, 0, 0).prefill.projections ?? NaN;
    expect(projections(half) / projections(whole)).toBeCloseTo(2, 3);
    expect(head(half) / head(whole)).toBeCloseTo(2, 1);
    expect(half.warnings.some(({ code }) => code === 'fractional_gpu')).toBe(true);
  });
});

describe('KV cache', () => {
  const fit = (tensorParallel: number, servedTokens: number, gpu = 'nvidia-h100-80gb') =>
    fitMemory({
      model: modelOf(MODEL),
      gpu: gpuOf(gpu),
      gpuShare: 1,
      precision: 'fp16',
      kvBytesPerElement: 2,
      tensorParallel,
      limits: engineLimits(facts.engines[0] as (typeof facts.engines)[0], gpuOf(gpu)),
      calibration: calibrationOf(),
      servedTokens,
      contextTokens: servedTokens,
    });

  test('8 KV heads: a token takes 128 KiB on one GPU, 32 KiB each on four', () => {
    const perToken = ({ kvCacheBytes, kvCacheTokens }: ReturnType<typeof fit>): number => kvCacheBytes / kvCacheTokens;
    expect(perToken(fit(1, 16))).toBe(128 * 1024);
    expect(perToken(fit(4, 16))).toBe(32 * 1024);
  });

  test('a cache that cannot hold the longest request does not fit, with what is missing for it', () => {
    const tokens = fit(1, 16).kvCacheTokens;
    expect(fit(1, tokens).fits).toBe(true);
    const short = fit(1, tokens + 1600);
    expect([short.fits, short.kvCacheTokens]).toEqual([false, 0]);
    expect(short.shortfallBytes / (128 * 1024)).toBeGreaterThan(1500);
    expect(short.shortfallBytes / (128 * 1024)).toBeLessThan(1700);
  });
});

describe('status of a target', () => {
  test('met up to the target, near up to 1.2 times, missed above', () => {
    expect([99, 100, 100.1, 120, 120.1].map((ms) => slaStatus(ms, 100))).toEqual([
      'met',
      'met',
      'near',
      'near',
      'missed',
    ]);
  });

  test('a saturated replica meets nothing', () => {
    expect(meetsTargets({ kind: 'saturated', cause: 'compute' }, [])).toBe(false);
  });
});

describe('offers', () => {
  const demand = {
    rateReqPerS: 1,
    headroom: { utilizationTarget: 0.75, burstFactor: 1.33 },
    pricing: 'ondemand',
    zone: null,
    region: null,
    maxGpus: null,
  } as const;
  const offer = (region: string, onDemandUsdPerHour: number | null, zones: string[] = []) => ({
    region,
    onDemandUsdPerHour,
    spotUsdPerHour: null,
    priceAsOf: null,
    priceSource: null,
    zones,
  });
  const host = instance({
    offers: [offer('b', 2, ['b-1']), offer('a', 2, ['a-1']), offer('c', null, ['c-1']), offer('d', 3)],
  });

  test('the cheapest priced region, ties by name; unpriced ones do not count', () => {
    expect(chooseOffer(host, demand)).toMatchObject({
      kind: 'offer',
      usdPerHour: 2,
      otherRegions: 2,
      offer: { region: 'a' },
    });
  });

  test.each([
    [{ zone: 'b-1' }, 'b'],
    [{ region: 'd' }, 'd'],
  ])('%o narrows to %s', (place, region) => {
    expect(chooseOffer(host, { ...demand, ...place })).toMatchObject({ kind: 'offer', offer: { region } });
  });

  test.each([
    [{ zone: 'z-9' }, 'not_in_zone'],
    [{ region: 'z' }, 'region_filtered'],
    [{ region: 'c' }, 'price_unknown'],
    [{ pricing: 'spot' as const }, 'spot_unknown'],
  ])('%o is %s', (place, reason) => {
    expect(chooseOffer(host, { ...demand, ...place })).toMatchObject({ kind: 'refused', refusal: { reason } });
  });

  test('an instance sold per region answers a zone with zone_unknown', () => {
    const perRegion = instance({ offers: [offer('a', 1)] });
    expect(chooseOffer(perRegion, { ...demand, zone: 'a-1' })).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'zone_unknown' },
    });
  });
});
