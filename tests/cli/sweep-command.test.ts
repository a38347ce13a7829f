import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyRequest } from '../../src-renderer/state/apply-request.ts';
import { defaultFormValues, readForm } from '../../src-renderer/state/form-reading.ts';
import { sweepCommand } from '../../src-renderer/state/sweep-command.ts';
import { defaultAxes, planSweepSpec, type SweepAxes } from '../../src-renderer/state/sweep-spec.ts';
import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { askConfigiq } from './command.ts';

// The line the window copies must ask what the window asks.

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'configiq-sweep-'));
});
afterAll(() => rmSync(home, { recursive: true }));

const SCOPE = { zones: ['us-central1-a'], gpus: ['nvidia-l4', 'nvidia-h100-80gb'] };

function specOf(keys: Partial<SizeInputDraft>, axes: Partial<SweepAxes>): SweepSpecDraft {
  const form = { ...defaultFormValues(), model: 'meta-llama/Llama-3.1-8B-Instruct' };
  applyRequest(form, keys);
  const reading = readForm(form);
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  const { spec } = planSweepSpec(reading.request, { ...defaultAxes(), ...axes }, SCOPE);
  if (!spec) throw new Error('These axes make no sweep.');
  return spec;
}

async function planned(args: string[]): Promise<SweepPlanDocument> {
  const { code, stdout, stderr } = await askConfigiq([...args, '--dry-run', '--json'], home);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as SweepPlanDocument;
}

/** The words of a line as a shell hands them on. */
const shellWords = (line: string): string[] =>
  spawnSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
    .stdout.trimEnd()
    .split('\n');

test.each<[string, Partial<SizeInputDraft>, Partial<SweepAxes>]>([
  [
    'every axis',
    { workload: 'rag', headroom: 10, sla: { ttft_p95: 900 }, provider: ['gcp'] },
    {
      users: ['1..8*2', '100'],
      quantization: ['fp16', 'fp8'],
      gpus: { kind: 'list', names: ['nvidia-l4', 'nvidia-h100-80gb'] },
      tp: ['1', '2'],
      zones: { kind: 'list', names: ['us-central1-a'] },
    },
  ],
  [
    'everything held',
    {
      region: 'us-east-1',
      pricing: 'spot',
      input_tokens: 3000,
      prefix_cache: false,
      max_gpus: 8,
      tp: 2,
      gpu: ['nvidia-l40s'],
      quantization: ['fp8'],
    },
    { users: ['25..3200/12log'] },
  ],
])('the command asks the same sweep: %s', async (_, keys, axes) => {
  const spec = specOf(keys, axes);
  const line = sweepCommand(spec, { ...defaultAxes(), ...axes }.users);
  const file = join(home, 'spec.json');
  writeFileSync(file, JSON.stringify(spec));
  const [byLine, byFile] = await Promise.all([
    planned(shellWords(line ?? '').slice(1)),
    planned(['sweep', '--spec', file]),
  ]);
  const { points, plans, searches, instances, removed } = byLine;
  expect({ points, plans, searches, instances, removed }).toEqual({
    points: byFile.points,
    plans: byFile.plans,
    searches: byFile.searches,
    instances: byFile.instances,
    removed: byFile.removed,
  });
  expect(points).toBeGreaterThan(1);
});

test('what flags cannot say has no line', () => {
  expect(sweepCommand(specOf({ gpu: ['nvidia-l4', 'nvidia-l40s'] }, {}), ['1'])).toBeNull();
});
