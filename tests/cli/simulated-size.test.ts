import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { ensureBuilt, runConfigiq } from './command.ts';

const home = mkdtempSync(join(tmpdir(), 'configiq-simulated-'));
const QUESTION = ['--model', 'meta-llama/Llama-3.1-8B-Instruct', '--users', '300', '--gpu', 'l40s,a10', '--tp', '1'];
const configiq = (command: string, ...args: string[]) => runConfigiq([command, ...QUESTION, ...args], home);

beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('size --method simulation', () => {
  it('answers in JSON what was simulated, the same bytes each time, and says meanwhile how far it is', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => configiq('size', '--method', 'simulation', '--json')));
    expect(one?.code).toBe(0);
    expect(one?.stderr).toMatch(/Computing: 5 of 5 plans\n$/);
    expect(other?.stdout).toBe(one?.stdout);
    const { recommendations, assumptions } = JSON.parse(one?.stdout ?? '') as SizeDocument;
    expect(assumptions.method).toBe('simulation');
    for (const { simulation, sla, simulation_check: check } of recommendations) {
      expect(simulation).toMatchObject({ kind: 'steady', seed: 1, requests: 20_000 });
      expect(sla.every(({ half_width_ms: width }) => width !== null && width > 0)).toBe(true);
      expect(check).toBeNull();
    }
  });

  it('reports half widths beside the figures, and that they are simulated', async () => {
    const { code, stdout } = await configiq('size', '--method', 'simulation');
    expect(code).toBe(0);
    expect(stdout).toMatch(/simulated: all targets met, TTFT P95 [\d.]+ ± [\d.]+ ms/);
    expect(stdout).toMatch(/Metric +Target +Predicted +± ms +Status +Gap/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/Simulated with vLLM's scheduler in steady state: 20,000 requests at/);
    expect(stdout).not.toMatch(/Closed form/);
  });

  it('follows the router that is asked for, and refuses one that another method does not follow', async () => {
    const [turns, least, refused] = await Promise.all([
      configiq('size', '--router', 'round_robin', '--no-simulation-check'),
      configiq('size', '--router', 'least_loaded', '--method', 'simulation'),
      configiq('size', '--router', 'least_loaded'),
    ]);
    expect(turns.stdout.replace(/\s+/g, ' ')).toContain('a router that deals requests out in turn (round robin)');
    expect(least.stdout.replace(/\s+/g, ' ')).toMatch(/on each of \d+ replicas, sent to the least loaded, seed 1/);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/router least_loaded needs --method simulation: batching knows a replica by itself/);
  });

  it('names the methods where another one is asked for, and refuses it to sweeps with what to do', async () => {
    const unknown = await configiq('size', '--method', 'guess');
    expect([unknown.code, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toMatch(/simulation/);
    const swept = await runConfigiq(
      ['sweep', '--model', 'meta-llama/Llama-3.1-8B-Instruct', '--users', '10,20', '--method', 'simulation'],
      home,
    );
    expect([swept.code, swept.stdout]).toEqual([2, '']);
    expect(swept.stderr).toMatch(/batching or mg1.*ask size with method simulation/s);
    expect(swept.stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });
});
