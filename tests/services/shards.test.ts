import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AppService } from '../../src-main/services/app-service.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { startService, temporaryFolder, valueOf } from './service.ts';

const NARROW = {
  model: 'meta-llama/Llama-2-7b-hf',
  workload: 'chat',
  provider: ['gcp'],
  gpu: ['nvidia-h100-80gb', 'nvidia-l4'],
};
/** Two inputs of five units each: runs of units are dealt. */
const FEW: SweepSpecDraft = {
  base: NARROW,
  axes: { quantization: ['fp16', 'fp8'], users: { from: 1, to: 31, step: 1 } },
};
/** Sixteen inputs of one unit each: up to four shards are dealt whole inputs. */
const MANY: SweepSpecDraft = {
  base: NARROW,
  axes: { output_tokens: [50, 100, 150, 200, 250, 300, 350, 400], quantization: ['fp16', 'fp8'], headroom: [25] },
};
const many: SweepSpecDraft = { ...MANY, base: { ...NARROW, users: 10 } };

async function csvOf({ api }: AppService, runId: number): Promise<string> {
  return valueOf(await api.exportRun(runId, 'csv')).text;
}
const jsonOf = async ({ api }: AppService, runId: number) => valueOf(await api.exportRun(runId, 'json')).text;

/** Computes every shard in one history and writes its file; answers the files in the order of the shards. */
async function shardFiles(service: AppService, folder: string, spec: SweepSpecDraft, of: number): Promise<string[]> {
  const files: string[] = [];
  for (let index = 1; index <= of; index += 1) {
    const summary = valueOf(
      await service.api.startSweep({ taskId: 't', spec: { ...spec, shard: { index, of } }, name: 'all' }),
    );
    const file = join(folder, `shard-${index}-of-${of}.cqshard`);
    await service.shards.export(summary.runId, file);
    files.push(file);
  }
  return files;
}

/** The run that one machine computes. */
async function single(service: AppService, spec: SweepSpecDraft) {
  const { runId, ...summary } = valueOf(await service.api.startSweep({ taskId: 't', spec, name: 'all' }));
  const { entry } = valueOf(await service.api.showRun(runId));
  return {
    csv: await csvOf(service, runId),
    json: await jsonOf(service, runId),
    summary,
    entry: { ...entry, id: 0, createdAt: '' },
  };
}

const codeOf = async (work: Promise<unknown>): Promise<{ code: string; message: string; family: string }> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) {
      const { code, message, family } = thrown;
      return { code, message, family };
    }
    throw thrown;
  }
  return expect.fail('answered, although a failure was expected');
};

describe.each([
  ['runs of units', FEW, [1, 2, 3, 4, 7, 13]],
  ['whole inputs', many, [1, 2, 3, 4, 7]],
])('%s', (_, spec, counts) => {
  let whole: Awaited<ReturnType<typeof single>> | undefined;

  test.each(counts)(
    'of %i shards are the single run when merged, in any order',
    async (of) => {
      const folder = temporaryFolder();
      const service = startService(folder);
      whole ??= await single(service, spec);
      const files = await shardFiles(service, folder, spec, of);
      const { runId, ...summary } = await service.shards.merge([...files].reverse(), '');
      expect(summary).toEqual(whole.summary);
      expect(await csvOf(service, runId)).toBe(whole.csv);
      expect(await jsonOf(service, runId)).toBe(whole.json);
      const { entry } = valueOf(await service.api.showRun(runId));
      expect({ ...entry, id: 0, createdAt: '' }).toEqual(whole.entry);
      // The runs of the shards say what they are, and share the points among them.
      const runs = valueOf(await service.api.listRuns()).filter(({ question }) => question.endsWith(` of ${of}`));
      expect(runs).toHaveLength(of);
      expect(runs.reduce((sum, { points }) => sum + points, 0)).toBe(entry.points);
    },
    60_000,
  );
});

describe('a merge is refused in a sentence', () => {
  const small: SweepSpecDraft = { base: NARROW, axes: { users: [1, 2, 3, 4] } };

  test('where shards are missing or given twice', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const [one = '', two = '', three = ''] = await shardFiles(service, folder, small, 3);
    const before = valueOf(await service.api.listRuns()).length;
    expect(await codeOf(service.shards.merge([two], ''))).toMatchObject({
      family: 'invalid_input',
      code: 'shards_missing',
      message: expect.stringMatching(/^Shards 1, 3 of 3 are missing: .*--shard 1\/3/) as string,
    });
    expect((await codeOf(service.shards.merge([one, three], ''))).message).toMatch(/^Shard 2 of 3 is missing/);
    expect(await codeOf(service.shards.merge([one, two, three, two], ''))).toMatchObject({
      code: 'shard_twice',
      message: expect.stringContaining(`Shard 2 of 3 is given twice: ${two} and ${two}`) as string,
    });
    expect((await codeOf(service.shards.merge([], ''))).code).toBe('shards_missing');
    // Nothing was stored for them.
    expect(valueOf(await service.api.listRuns())).toHaveLength(before);
  });

  test.each<[string, SweepSpecDraft, RegExp]>([
    [
      'model',
      { ...small, base: { ...NARROW, model: 'meta-llama/Llama-2-13b-hf' } },
      /base\.model is "meta-llama\/Llama-2-13b-hf"/,
    ],
    ['axis', { ...small, axes: { users: [1, 2, 3, 5] } }, /axes\.users is \[1,2,3,5\] in it, and \[1,2,3,4\] there/],
    ['axis less', { base: { ...NARROW, users: 4 }, axes: {} }, /base\.users is 4 in it, and not given there/],
  ])('where a shard is of another %s', async (_, other, sentence) => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const [one = ''] = await shardFiles(service, folder, small, 1);
    const [, two = ''] = await shardFiles(service, folder, other, 2);
    const error = await codeOf(service.shards.merge([one, two], ''));
    expect(error.code).toBe('shard_of_other_sweep');
    expect(error.message).toMatch(sentence);
    expect(error.message).toContain(`${two} is of another sweep than ${one}`);
  });

  test('where versions or numbers of shards differ', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const [one = ''] = await shardFiles(service, folder, small, 2);
    const [, two = ''] = await shardFiles(service, folder, small, 3);
    expect((await codeOf(service.shards.merge([one, two], ''))).message).toMatch(/shards is 3 in it, and 2 there/);
    const later = startService(folder);
    valueOf(
      await later.api.correctFact({
        subject: 'gpu',
        id: 'nvidia-l4',
        key: 'memory_bandwidth_gb_per_s',
        value: 290,
        note: 'other',
      }),
    );
    const [, newer = ''] = await shardFiles(later, temporaryFolder(), small, 2);
    const error = await codeOf(service.shards.merge([one, newer], ''));
    expect(error).toMatchObject({
      code: 'shard_of_other_sweep',
      message: expect.stringMatching(/: catalog is .* in it/) as string,
    });
  });

  test('where a file is none, is cut short or is damaged, whatever byte of it', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const [one = '', two = ''] = await shardFiles(service, folder, small, 2);
    const bytes = readFileSync(two);
    const merged = () => codeOf(service.shards.merge([one, two], ''));
    for (const length of [0, 5, 8, 20, 60, bytes.length / 2, bytes.length - 32, bytes.length - 1]) {
      writeFileSync(two, bytes);
      truncateSync(two, Math.floor(length));
      const { family, message } = await merged();
      expect(family).toBe('file');
      expect(message).toMatch(length < 8 ? /is not a shard file/ : /was cut short/);
    }
    for (let place = 0; place < 60; place += 1) {
      const at = Math.floor((bytes.length * place) / 60);
      const broken = Buffer.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ 0x20;
      writeFileSync(two, broken);
      expect((await merged()).family, `byte ${at}`).toBe('file');
    }
    expect(await codeOf(service.shards.merge([one, folder], ''))).toMatchObject({ code: 'file_unreadable' });
    expect(await codeOf(service.shards.merge([join(folder, 'nothing')], ''))).toMatchObject({ code: 'file_missing' });
    // A merge that broke off in the middle leaves no run; the whole file is merged after all.
    expect(valueOf(await service.api.listRuns()).map(({ id }) => id)).toEqual([2, 1]);
    writeFileSync(two, bytes);
    expect(await service.shards.merge([one, two], 'mended')).toMatchObject({ status: 'done', donePoints: 4 });
  }, 60_000);
});

describe('a shard', () => {
  test('gives the same bytes twice, without a date or the number of a run', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const spec = { ...FEW, axes: { users: [1, 2, 3] } };
    const [first = ''] = await shardFiles(service, folder, spec, 1);
    const bytes = readFileSync(first);
    const [second = ''] = await shardFiles(service, folder, spec, 1);
    expect(readFileSync(second).equals(bytes)).toBe(true);
    expect(bytes.includes('2026-01-05T')).toBe(false);
  });

  test('that was cut short is not written; resumed, it is', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const spec: SweepSpecDraft = {
      base: NARROW,
      axes: { users: { from: 1, to: 200, step: 1 } },
      shard: { index: 1, of: 2 },
    };
    const stop = service.onProgress(({ done }) => {
      if (done > 5) void service.api.cancelTask('t');
    });
    const { runId, status } = valueOf(await service.api.startSweep({ taskId: 't', spec, name: '' }));
    stop();
    expect(status).toBe('cancelled');
    const file = join(folder, 'one.cqshard');
    expect(await codeOf(service.shards.export(runId, file))).toMatchObject({
      code: 'shard_unfinished',
      message: expect.stringMatching(new RegExp(`sweep resume ${runId} --export FILE`)) as string,
    });
    expect(() => readFileSync(file)).toThrow('ENOENT');
    valueOf(await service.api.resumeSweep({ taskId: 't', runId }));
    await service.shards.export(runId, file);
    const [, two = ''] = await shardFiles(service, folder, { base: spec.base, axes: spec.axes }, 2);
    expect(await service.shards.merge([file, two], '')).toMatchObject({ status: 'done', donePoints: 200 });
  }, 60_000);

  test.each([
    ['0 of 4', { index: 0, of: 4 }],
    ['5 of 4', { index: 5, of: 4 }],
    ['a half', { index: 0.5, of: 4 }],
    ['of too many', { index: 1, of: 10_001 }],
  ])('%s is refused', async (_, shard) => {
    const { api } = startService(temporaryFolder(), { workers: 1 });
    const result = await api.planSweep({ base: { ...NARROW, users: 1 }, axes: {}, shard });
    expect(result).toMatchObject({
      ok: false,
      error: { family: 'invalid_input', message: expect.stringMatching(/shard/) as string },
    });
  });
});
