import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addOptions, draftOf, SWEEP_OPTIONS } from '../../src-main/cli/options.ts';
import { readOwnHardware } from '../../src-main/cli/own-hardware.ts';
import { specOf } from '../../src-main/cli/sweep-spec.ts';
import { applyRequest } from '../../src-renderer/state/apply-request.ts';
import { defaultFormValues, readForm } from '../../src-renderer/state/form-reading.ts';
import { defaultAxes, startOf, withAxis, type AxisDraft, type SweepAxes } from '../../src-renderer/state/sweep-axes.ts';
import { AXIS_IDS, kindOf, targetAxis, type AxisId } from '../../src-renderer/state/sweep-axis-kinds.ts';
import { sweepCommand } from '../../src-renderer/state/sweep-command.ts';
import { NOTHING_IN_SCOPE } from '../../src-renderer/state/sweep-scope.ts';
import { planSweepSpec } from '../../src-renderer/state/sweep-spec.ts';
import {
  LATENCY_METRICS,
  sweepAxesSchema,
  sweepSpecSchema,
  type SizeInputDraft,
  type SweepSpec,
} from '../../src-worker/protocol/requests.ts';

// The line the window copies must ask what the window asks: its words are read as the command reads them.

interface Asked {
  spec: SweepSpec;
  line: string | null;
}

function asked(keys: Partial<SizeInputDraft>, axes: SweepAxes): Asked {
  const form = { ...defaultFormValues(), model: 'meta-llama/Llama-3.1-8B-Instruct' };
  applyRequest(form, keys);
  const reading = readForm(form);
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  const { spec, words, hindrance } = planSweepSpec(reading.request, axes, NOTHING_IN_SCOPE);
  if (!spec) throw new Error(hindrance);
  return { spec: sweepSpecSchema.parse(spec), line: sweepCommand(spec, words) };
}

/** The words of lines as a shell hands them on. */
const shellWords = (lines: string[]): string[][] =>
  spawnSync('sh', ['-c', lines.map((line) => `printf '%s\\n' ${line}; echo`).join('\n')], { encoding: 'utf8' })
    .stdout.trimEnd()
    .split('\n\n')
    .map((words) => words.split('\n'));

/** The spec that `configiq sweep` makes of the words of a line. */
function specOfWords([program, verb, ...options]: string[]): SweepSpec {
  expect([program, verb]).toEqual(['configiq', 'sweep']);
  const command = addOptions(new Command().exitOverride(), SWEEP_OPTIONS).parse(options, { from: 'user' });
  const draft = draftOf(command.opts());
  const own = readOwnHardware(draft);
  return specOf(own ? { ...draft, own_hardware: own.machines } : draft, undefined).spec;
}

function expectSame(...all: Asked[]): void {
  const read = shellWords(all.map(({ line }) => line ?? 'none')).map(specOfWords);
  expect(read).toEqual(all.map(({ spec }) => spec));
  // Targets multiply in the order in which they are given.
  const targets = (spec: SweepSpec | undefined): string[] => Object.keys(spec?.axes.sla ?? {});
  for (const [index, { spec }] of all.entries()) expect(targets(read[index])).toEqual(targets(spec));
}

const list = (...values: string[]): AxisDraft => ({ kind: 'list', values });
const NAMES: Partial<Record<AxisId, string[]>> = {
  model: ['meta-llama/Llama-3.1-8B-Instruct', 'mistralai/Mistral-7B-v0.1'],
  workload: ['chat', 'rag'],
  calibration: ['default', 'ours'],
  gpu: ['nvidia-l4', 'nvidia-h100-80gb'],
  instance: ['gcp/g2-standard-8', 'aws/p5.48xlarge'],
  provider: ['gcp', 'aws'],
  region: ['us-central1', 'us-east-1'],
  zone: ['us-central1-a', 'us-central1-b'],
};

/** Ways to fill an axis: as it begins, all, some, one, and every way to write numbers. */
function draftsOf(id: AxisId): AxisDraft[] {
  const kind = kindOf(id);
  const start = startOf(id, NAMES[id]?.[0]);
  if (kind.control === 'choices') return [start, ...kind.options.map(({ value }) => list(value))];
  if (kind.control === 'names') {
    const names = NAMES[id] ?? [];
    return [start, list(...names), list(names[0] ?? '')];
  }
  const { min, max, isWhole } = kind.rules;
  const [low, high] = [Math.max(isWhole ? 1 : 0.5, min), Math.min(60, max)];
  return [
    start,
    list(String(low)),
    list(String(high), `${low}..${low * 8}*2`, String(low)),
    list(`${low}..${high}:${isWhole ? 3 : 0.7}`),
    list(`${low}..${high}/7log`),
    list(`${low}..${low * 32}*2`),
    ...(max > 2000 ? [list('1k'), list('1k', '2k')] : []),
  ];
}

describe('the command asks the same sweep', () => {
  // Clouds that are compared have no flag: --provider narrows.
  test.each(AXIS_IDS.filter((id) => id !== 'provider'))('over %s', (id) => {
    expectSame(...draftsOf(id).map((draft) => asked({}, withAxis(defaultAxes(), id, draft))));
  });

  test('every axis that a sweep may have is one of the window', () => {
    const others = Object.keys(sweepAxesSchema.shape).filter((axis) => axis !== 'sla');
    const ids: string[] = [...others, ...LATENCY_METRICS.map(targetAxis)];
    expect([...AXIS_IDS].sort()).toEqual(ids.sort());
  });

  test('over many axes at once', () => {
    const ids = AXIS_IDS.filter((id) => !['provider', 'rate', 'region'].includes(id));
    const many = ids.reduce<SweepAxes>((found, id) => withAxis(found, id, draftsOf(id)[1] ?? startOf(id)), {});
    const { spec, line } = asked({}, many);
    expectSame({ spec, line });
  });

  test.each<[string, Partial<SizeInputDraft>, SweepAxes]>([
    [
      'a place, a price and lengths',
      { region: 'us-east-1', pricing: 'spot', input_tokens: 3000, prefix_cache: false, max_gpus: 8, tp: 2 },
      { users: list('25..3200/12log') },
    ],
    [
      'a GPU and a precision',
      { gpu: ['nvidia-l40s'], quantization: ['fp8'], kv_cache_dtype: 'fp8', pp: 2 },
      defaultAxes(),
    ],
    ['an instance', { instance: ['gcp/g2-standard-8'] }, defaultAxes()],
    ['clouds and targets', { provider: ['gcp', 'aws'], sla: { ttft_p95: 900, e2e_p99: 9000 } }, defaultAxes()],
    [
      'a target beside one that varies',
      { sla: { ttft_p95: 900, e2e_p99: 9000 } },
      { ...defaultAxes(), sla_ttft_p95_ms: list('300..900:300') },
    ],
    ['a zone', { zone: 'us-central1-a' }, { pricing: list('ondemand', 'spot') }],
    ['users', { users: 250, think_time: 12 }, { pricing: list('ondemand', 'spot') }],
    ['requests a second', { rate: 2.5 }, { pricing: list('ondemand', 'spot') }],
    ['users, where requests a second vary', { users: 250, think_time: 12 }, { rate: list('1..3:0.5') }],
    [
      'shares',
      { prefix_hit_rate: 0.3, cacheable_ratio: 0.6, workload: 'rag' },
      { ...defaultAxes(), tp: list('1', '2') },
    ],
    ['switches', { strict_context: true, include_retired: true, method: 'mg1' }, defaultAxes()],
    ['a simulation, which a sweep is not', { method: 'simulation' }, defaultAxes()],
    ['one cloud', {}, { ...defaultAxes(), provider: list('gcp') }],
    [
      'a machine',
      {
        instance: ["own/Jo's box"],
        own_hardware: [{ name: "Jo's box", gpu: 'nvidia-l40s', gpu_count: 2, usd_per_hour: 1.5 }],
      },
      defaultAxes(),
    ],
  ])('with %s held', (_, keys, varied) => {
    expectSame(asked(keys, varied));
  });
});

test('what flags cannot say has no line', () => {
  expect(asked({ gpu: ['nvidia-l4', 'nvidia-l40s'] }, defaultAxes()).line).toBeNull();
  expect(asked({ instance: ['gcp/g2-standard-8', 'aws/p5.48xlarge'] }, defaultAxes()).line).toBeNull();
  expect(
    asked({ own_hardware: [{ name: 'a, b', gpu: 'nvidia-l4' }], instance: ['own/a, b'] }, defaultAxes()).line,
  ).toBeNull();
  expect(asked({ quantization: ['fp8', 'fp16'] }, defaultAxes()).line).toBeNull();
  expect(asked({}, { ...defaultAxes(), provider: list('gcp', 'aws') }).line).toBeNull();
});
