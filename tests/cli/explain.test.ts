import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { CommandContext } from '../../src-main/cli/context.ts';
import { buildProgram } from '../../src-main/cli/program.ts';
import { createAppService, type AppService } from '../../src-main/services/app-service.ts';
import type { ExplainDocument } from '../../src-worker/protocol/documents.ts';
import { METRICS } from '../../src-worker/protocol/metrics.ts';

const MODEL = 'meta-llama/Llama-2-7b-hf';
const home = mkdtempSync(join(tmpdir(), 'configiq-explain-'));
let service: AppService;
let size = 0;
let sweep = 0;

interface Said {
  out: string;
  complaints: string;
}

/** The real command line over a real service; a command that is refused rejects. */
async function configiq(...args: string[]): Promise<Said> {
  const said: Said = { out: '', complaints: '' };
  const context: CommandContext = {
    terminal: {
      isVerbose: false,
      print: (text: string) => void (said.out += text),
      note: (text: string) => void (said.complaints += `${text}\n`),
      complain: (text: string) => void (said.complaints += `${text}\n`),
    } as CommandContext['terminal'],
    environment: {},
    input: () => process.stdin,
    service: () => Promise.resolve(service),
    onInterrupt: () => undefined,
  };
  await buildProgram(context, () => undefined).parseAsync(args, { from: 'user' });
  return said;
}

beforeAll(async () => {
  service = createAppService({ host: 'cli', dataFolder: home, workerPath: inject('workerPath'), workers: 1 });
  const saved = await configiq('size', '-m', MODEL, '-u', '100', '--save', 'Chat');
  size = Number(/Saved as run (\d+)/.exec(saved.complaints)?.[1]);
  const spec = { base: { model: MODEL }, axes: { users: [10, 20] } };
  const outcome = await service.api.startSweep({ taskId: 't', spec, name: 'two' });
  if (!outcome.ok) throw new Error(outcome.error.message);
  sweep = outcome.value.runId;
}, 60_000);

afterAll(async () => {
  await service.close();
  rmSync(home, { recursive: true, force: true });
});

describe('configiq explain', () => {
  it('explains every metric of a stored answer, with sources and parts', async () => {
    const { out } = await configiq('explain', String(size), '1');
    for (const { id } of METRICS) expect(out).toContain(`(${id}, `);
    expect(out).toContain('Assumes:');
    expect(out).toMatch(/price of an instance: [^•]*as\s+of/);
    expect(out).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('prints the same for the question itself, and one metric alone', async () => {
    const stored = await configiq('explain', String(size), '1', 'ttft_p95');
    const asked = await configiq('explain', '-m', MODEL, '-u', '100', '--rank', '1', 'ttft_p95');
    expect(asked.out).toBe(stored.out);
    expect(asked.out).toContain('TTFT P95: ');
    expect(asked.out).not.toContain('usd_per_hour');
  });

  it('takes a metric in place of the rank', async () => {
    const short = await configiq('explain', String(size), 'usd_per_hour');
    const long = await configiq('explain', String(size), '1', 'usd_per_hour');
    expect(short.out).toBe(long.out);
  });

  it('prints the document that the service answers with --json', async () => {
    const { out } = await configiq('explain', String(size), '2', '--json');
    const document = JSON.parse(out) as ExplainDocument;
    expect(document.configuration.rank).toBe(2);
    expect(document.explanations).toHaveLength(METRICS.length);
  });

  it('reaches ranks beyond the stored list', async () => {
    const { out } = await configiq('explain', String(size), '20', 'replicas');
    expect(out).toContain('rank 20');
  });

  it.each([
    ['no question', [], 'Explain what?'],
    ['a run that is not there', ['999', '1'], /run/i],
    ['a word for a run', ['first', '1'], 'is not the number of a run'],
    ['a rank beyond the answer', ['RUN', '9999'], /There is no rank 9999: \d+ configurations pass, give 1 to \d+/],
    ['rank zero', ['RUN', '0'], 'is not a rank'],
    ['a metric nearly right', ['RUN', '1', 'ttft_p96'], 'did you mean ttft_p9'],
    ['a run and a question', ['RUN', '1', '-m', MODEL, '-u', '5'], 'exclude each other'],
    ['a sweep', ['SWEEP', '1'], `is a sweep, which keeps rows and not their explanations`],
    ['a question nothing meets', ['-m', MODEL, '-u', '5', '--sla', 'ttft-p50=0.1'], 'Nothing meets this question'],
  ])('refuses %s and says what would work', async (_, args, words) => {
    const given = args.map((arg) => (arg === 'RUN' ? String(size) : arg === 'SWEEP' ? String(sweep) : arg));
    await expect(configiq('explain', ...given)).rejects.toThrow(words);
  });

  it('warns of an answer that was stored with other versions', async () => {
    const { api } = service;
    const older: AppService = {
      ...service,
      api: {
        ...api,
        showRun: async (id) => {
          const run = await api.showRun(id);
          return run.ok
            ? { ok: true, value: { ...run.value, versions: { ...run.value.versions, engine: '0.0.1' } } }
            : run;
        },
      },
    };
    const current = service;
    service = older;
    const { complaints, out } = await configiq('explain', String(size), '1', 'replicas');
    service = current;
    expect(complaints).toContain('engine 0.0.1 is now');
    expect(out).toContain('Replicas: ');
  });
});
