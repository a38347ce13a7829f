import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { askConfigiq, ensureBuilt, PROJECT } from './command.ts';

const SWEEP = 'sweep -m meta-llama/Llama-2-7b-hf --provider gcp --gpu l4 -q fp16,fp8 -u 1..20:1'.split(' ');
const HOSTILE = `it's "$(touch x)" \`y\` $HOME`;

let home: string;
beforeAll(() => {
  ensureBuilt();
  home = mkdtempSync(join(tmpdir(), 'configiq-shards-'));
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function manifest(engine: string, more: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await askConfigiq([...SWEEP, '--manifest', engine, '--shards', '4', ...more], home);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** The spec that a here document holds. */
const specIn = (text: string): unknown =>
  JSON.parse(/<<'CONFIGIQ_SPEC'\n([\s\S]*?)\n\s*CONFIGIQ_SPEC\n/.exec(text)?.[1] ?? 'null');

const AXES = { quantization: ['fp16', 'fp8'], users: { from: 1, to: 20, step: 1 } };

function expectSpec(spec: unknown): void {
  expect(sweepSpecSchema.parse(spec)).toMatchObject({ base: { gpu: ['l4'], provider: ['gcp'] }, axes: AXES });
  expect(spec).not.toHaveProperty('shard');
}

const checkedByBash = (script: string): string => spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;

describe('a manifest', () => {
  test('for Kubernetes is an Indexed Job with its spec and a volume for the shards', async () => {
    const text = await manifest('kubernetes', ['--image', 'registry.example/configiq:1', '--name', 'My sweep, über!']);
    const documents = parseAllDocuments(text);
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const [configMap, claim, job] = documents.map((document) => document.toJS() as Record<string, unknown>);
    expect(configMap).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'my-sweep-ber-spec' } });
    expectSpec(JSON.parse((configMap?.['data'] as Record<string, string>)['spec.json'] ?? ''));
    expect(claim).toMatchObject({ kind: 'PersistentVolumeClaim', spec: { accessModes: ['ReadWriteMany'] } });
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: {
        completionMode: 'Indexed',
        completions: 4,
        parallelism: 4,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ image: 'registry.example/configiq:1' }],
            volumes: [
              { configMap: { name: 'my-sweep-ber-spec' } },
              { persistentVolumeClaim: { claimName: 'my-sweep-ber-shards' } },
              { name: 'home' },
            ],
          },
        },
      },
    });
    // What the pod of index 3 runs, as a shell hands it on.
    const [, , line = ''] = (job as { spec: { template: { spec: { containers: { command: string[] }[] } } } }).spec
      .template.spec.containers[0]?.command as string[];
    const words = spawnSync('sh', ['-c', line.replace('exec configiq', `printf '%s\\n'`)], {
      env: { JOB_COMPLETION_INDEX: '3' },
      encoding: 'utf8',
    });
    expect(words.stdout.split('\n')).toEqual(
      'sweep --spec /spec/spec.json --shard 4/4 --export /shards/shard-4-of-4.cqshard'.split(' ').concat(''),
    );
  });

  test('for Slurm is an array that bash takes', async () => {
    const text = await manifest('slurm', ['--name', HOSTILE]);
    expect(text).toMatch(/^#!\/bin\/bash\n(#SBATCH .*\n)+/);
    expect(text).toMatch(/^#SBATCH --array=1-4$/m);
    expect(text).toMatch(/^#SBATCH --job-name=[a-z0-9-]+$/m);
    expect(checkedByBash(text)).toBe('');
    expectSpec(specIn(text));
  });

  test('for SkyPilot is a task that is launched once a shard', async () => {
    const text = await manifest('skypilot', ['--image', 'registry.example/configiq:1']);
    const task = parse(text) as Record<string, unknown>;
    expect(task).toMatchObject({
      name: 'configiq-sweep',
      resources: { image_id: 'docker:registry.example/configiq:1' },
      envs: { SHARD: '1' },
      file_mounts: { '/shards': { mode: 'MOUNT' } },
    });
    expect(checkedByBash(String(task['run']))).toBe('');
    expectSpec(specIn(String(task['run'])));
    expect(text).toMatch(/^# Start: for i in \$\(seq 4\); do sky jobs launch .* --env SHARD="\$i" FILE; done$/m);
  });

  test('is written to a file where one is named', async () => {
    const file = join(home, 'job.sh');
    const { code, stdout } = await askConfigiq(
      [...SWEEP, '--manifest', 'slurm', '--shards', '4', '--output', file],
      home,
    );
    expect([code, stdout]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toBe(await manifest('slurm'));
  });
});

test.each<[string, string[], RegExp]>([
  ['an unknown engine', ['--manifest', 'slurmm', '--shards', '4'], /did you mean "slurm"/],
  ['no number of shards', ['--manifest', 'slurm'], /--manifest needs --shards/],
  ['half a shard', ['--manifest', 'slurm', '--shards', '2.5'], /--shards must be a whole number/],
  ['no image', ['--manifest', 'kubernetes', '--shards', '4'], /needs --image/],
  ['an image too many', ['--manifest', 'slurm', '--shards', '4', '--image', 'x'], /takes no --image/],
  ['shards alone', ['--shards', '4'], /--shards belongs to --manifest/],
  ['a shard and a manifest', ['--manifest', 'slurm', '--shards', '4', '--shard', '1/4'], /exclude each other/],
  ['shard 0', ['--shard', '0/4'], /--shard must be i\/n/],
  ['shard 5 of 4', ['--shard', '5/4'], /--shard must be i\/n/],
  ['a shard in words', ['--shard', 'two'], /--shard must be i\/n/],
  ['an unknown ending', ['--export', 'x.shard'], /An export is written as \.csv/],
])('%s is refused with exit 2', async (_, more, sentence) => {
  const { code, stdout, stderr } = await askConfigiq([...SWEEP, ...more], home);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(sentence);
});

test.each<[string[], number, RegExp]>([
  [['sweep', 'resume', 'x'], 2, /not the number of a run/],
  [['sweep', 'resume', '99'], 2, /no run 99/],
  [['sweep', 'merge', 'nothing.cqshard'], 4, /is not there/],
  [['sweep', 'merge', join(PROJECT, 'package.json')], 4, /is not a shard file/],
  [['sweep', 'merge', 'x.cqshard', '--users', '3'], 2, /sweep merge takes no --users/],
  [['sweep', 'resume', '99', '--export', 'x.txt'], 2, /An export is written as \.csv/],
  [['sweep', 'merge'], 2, /missing required argument/],
])('%j ends with exit %i and a sentence', async (args, exit, sentence) => {
  const { code, stderr } = await askConfigiq(args, home);
  expect(code).toBe(exit);
  expect(stderr).toMatch(sentence);
});

const hasParallel = spawnSync('parallel', ['--version']).status === 0;
if (!hasParallel) process.stderr.write('GNU parallel is not installed: its manifest is only checked, not run.\n');

test('the manifest for GNU parallel is a script that bash takes', async () => {
  const text = await manifest('gnu-parallel');
  expect(checkedByBash(text)).toBe('');
  expectSpec(specIn(text));
});

test.skipIf(!hasParallel)(
  'GNU parallel computes four shards, two at a time; merged they are the single run to the byte',
  async () => {
    const work = join(home, 'work, here');
    mkdirSync(work);
    writeFileSync(
      join(work, 'configiq'),
      `#!/bin/sh\nexec '${process.execPath}' '${join(PROJECT, 'bin/configiq.mjs')}' "$@"\n`,
    );
    chmodSync(join(work, 'configiq'), 0o755);
    const ran = spawnSync('bash', ['-s'], {
      input: await manifest('gnu-parallel'),
      cwd: work,
      encoding: 'utf8',
      env: {
        PATH: `${work}:${process.env['PATH'] ?? ''}`,
        HOME: home,
        CONFIGIQ_HOME: join(home, 'shards'),
        LANG: 'C.UTF-8',
        JOBS: '2',
      },
    });
    expect([ran.status, ran.stdout.match(/^Run \d, done:/gm)?.length], ran.stderr).toEqual([0, 4]);
    const files = [3, 1, 4, 2].map((index) => join(work, `shard-${index}-of-4.cqshard`));
    const [merged, single] = [join(home, 'merged.csv'), join(home, 'single.csv')];
    const end = await askConfigiq(['sweep', 'merge', ...files, '--export', merged], home);
    expect([end.code, end.stdout]).toEqual([0, expect.stringMatching(/^Run \d+, done: 40 of 40 points/)]);
    await askConfigiq([...SWEEP, '--export', single], home);
    expect(readFileSync(merged, 'utf8')).toBe(readFileSync(single, 'utf8'));
  },
  120_000,
);

test('a dry run says what the shard has, and the whole sweep beside it', async () => {
  const dry = (...more: string[]) => askConfigiq([...SWEEP, '--dry-run', ...more], home);
  const [whole, text, json] = [await dry(), await dry('--shard', '2/4'), await dry('--shard', '2/4', '--json')];
  expect([whole.code, text.code, json.code]).toEqual([0, 0, 0]);
  const { shard, points, rows } = JSON.parse(json.stdout) as SweepPlanDocument;
  expect(points).toBe(40);
  expect(shard).toMatchObject({ index: 2, of: 4 });
  expect((shard?.rows ?? 0) / rows).toBeCloseTo((shard?.points ?? 0) / points, 9);
  expect(shard?.points).toBeLessThan(20);
  expect(text.stdout).toMatch(
    /^Shard 2 of 4: \d+ points, [\d,]+ rows, about \d+ (bytes|kB) in the history\n\d+ capacity search/,
  );
  expect(text.stdout.split('The whole sweep:\n')[1]).toBe(whole.stdout);
  expect(whole.stdout).not.toContain('Shard');
});
