import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, it } from 'vitest';
import { startBrowserHost } from '../../src-main/browser/host.ts';
import { documentText, type SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { askConfigiq } from '../cli/command.ts';
import { connectSocket } from './socket-client.ts';

// What the command line prints and what a page is sent are one document.

const workerPath = inject('workerPath');
const home = mkdtempSync(join(tmpdir(), 'configiq-same-'));
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));

const COLUMNS = 'point_id,model,gpu,tp,engine,engine_version,workload_kind,isl,osl,batch_or_concurrency,tpot_ms_mean';
const row = (id: string, gpu: string, isl: string, concurrency: number, tpot: string): string =>
  `${id},meta-llama/Llama-3.1-8B-Instruct,${gpu},1,vllm,0.11.0,closed_loop,${isl},128,${concurrency},${tpot}`;
const ROWS = [
  COLUMNS,
  row('a', 'nvidia-h100-80gb', '1024', 16, '9'),
  row('b', 'nvidia-h100-80gb', '512', 8, '8.5'),
  row('c', 'nvidia-h1000', '512', 8, '8.5'),
  row('d', 'nvidia-h100-80gb', 'many', 8, '8.5'),
  row('e', 'nvidia-h100-80gb', '512', 8, '0.009'),
  '',
].join('\n');

const textOf = (result: Result<object>): string => documentText(result.ok ? result.value : result.error);

it('validate --json and calibrate --json are the documents that a page gets, to the byte', async () => {
  writeFileSync(join(home, 'rows.csv'), ROWS);
  const printed = async (...args: string[]) => {
    const { code, stdout } = await askConfigiq([...args, '--json'], join(home, 'cli'), {}, '', home);
    expect(code).toBe(0);
    return stdout;
  };
  const host = await startBrowserHost({ dataFolder: home, workerPath });
  const client = await connectSocket(host);
  const measurements = [{ name: 'rows.csv', text: ROWS }];
  try {
    const accuracy = textOf(await client.api.accuracy({ calibration: null, measurements }));
    expect(await printed('validate', 'rows.csv')).toBe(accuracy);
    expect(JSON.parse(accuracy)).toMatchObject({ judged_points: 2, points: [{ point_id: 'a' }, { point_id: 'b' }] });
    const bundled = textOf(await client.api.accuracy({ calibration: 'seed', measurements: null }));
    expect(await printed('validate', '--calibration', 'seed')).toBe(bundled);
    const draft = { taskId: 'x', name: 'mine', measurements, save: true };
    const calibration = textOf(await client.api.calibrate(draft));
    expect(await printed('calibrate', 'rows.csv', '--name', 'mine')).toBe(calibration);
    expect(JSON.parse(calibration)).toMatchObject({ name: 'mine', rows: 5, used: 2 });
  } finally {
    await client.close();
    await host.close();
  }
}, 120_000);

it('simulate --json is the document that a page gets, to the byte, for a load and for a trace', async () => {
  const text = [
    'arrival_s,input_tokens,output_tokens',
    ...Array.from({ length: 60 }, (_, i) => `${i / 7},400,60`),
  ].join('\n');
  writeFileSync(join(home, 'requests.csv'), text);
  const deployment = { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb' };
  const load = { input_tokens: 400, output_tokens: 60, output_cv: 1, rate: 7, num_prompts: 300, seed: 5 };
  const printed = async (...args: string[]) => {
    const flags = ['simulate', '-m', deployment.model, '--gpu', deployment.gpu, '--json'];
    const { code, stdout } = await askConfigiq([...flags, ...args], join(home, 'cli-simulate'), {}, '', home);
    expect(code).toBe(0);
    return stdout;
  };
  const host = await startBrowserHost({ dataFolder: home, workerPath });
  const client = await connectSocket(host);
  try {
    const drawn = textOf(await client.api.simulate({ ...deployment, ...load }, null));
    const flags = Object.entries(load).flatMap(([key, value]) => [`--${key.replaceAll('_', '-')}`, String(value)]);
    expect(await printed(...flags)).toBe(drawn);
    expect(JSON.parse(drawn)).toMatchObject({ simulation: { kind: 'run', requests: 300, seed: 5 } });
    const replayed = textOf(await client.api.simulate(deployment, { name: 'requests.csv', text }));
    expect(await printed('--trace', 'requests.csv')).toBe(replayed);
    expect(JSON.parse(replayed)).toMatchObject({ trace: { requests: 60 } });
  } finally {
    await client.close();
    await host.close();
  }
}, 120_000);

it('size --json is the document that a page gets, to the byte, with its rows simulated and without', async () => {
  const question = { model: 'meta-llama/Llama-2-7b-hf', users: 100, top: 6 };
  const printed = async (...args: string[]) => {
    const flags = ['size', '-m', question.model, '-u', '100', '--top', '6', '--json', ...args];
    const { code, stdout } = await askConfigiq(flags, join(home, 'cli-size'), {}, '', home);
    expect(code).toBe(0);
    return stdout;
  };
  const host = await startBrowserHost({ dataFolder: home, workerPath });
  const client = await connectSocket(host);
  try {
    const simulated = textOf(await client.api.size(question));
    expect(await printed()).toBe(simulated);
    const { recommendations } = JSON.parse(simulated) as SizeDocument;
    expect(recommendations.map((row) => row.simulation_check?.status)).toEqual(Array(6).fill('confirmed'));
    const closedForm = textOf(await client.api.size({ ...question, simulation_check: false }));
    expect(await printed('--no-simulation-check')).toBe(closedForm);
    for (const { id, simulation_check: check, simulation_check_reason: reason } of recommendations.slice(0, 2)) {
      const alone = await client.api.checkBySimulation({
        question: { ...question, simulation_check: false },
        configuration: id,
      });
      expect(alone).toEqual({ ok: true, value: { simulation_check: check, simulation_check_reason: reason } });
    }
  } finally {
    await client.close();
    await host.close();
  }
}, 120_000);
