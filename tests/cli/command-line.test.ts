import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogListing } from '../../src-main/catalogs/listing.ts';
import { loadFacts } from '../../src-main/catalogs/load.ts';
import type {
  ModelFitsDocument,
  ModelHoldsDocument,
  QueueDocument,
  SizeDocument,
  SweepPlanDocument,
} from '../../src-worker/protocol/documents.ts';
import { askConfigiq, ensureBuilt, PROJECT, runConfigiq, startConfigiq, type Ended } from './command.ts';

// The command line in this process; the built program, started as people start it, where a test is about the process,
// and once for a question, a refusal and a command of every kind of ending.
const home = mkdtempSync(join(tmpdir(), 'configiq-cli-'));
const inHome = (name: string): string => join(home, name);
const configiq = (...args: string[]): Promise<Ended> => askConfigiq(args, home);
const LLAMA = 'meta-llama/Llama-2-7b-hf';

beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Every number in it is finite, as JSON.parse only gives finite ones; none of the texts says otherwise. */
function parseJson<Document>(text: string): Document {
  expect(text).not.toMatch(/\bNaN\b|\bInfinity\b/);
  return JSON.parse(text) as Document;
}

const camelCaseKeys = (json: string): string[] => json.match(/"\w*[a-z][A-Z]\w*":/g) ?? [];

describe('configiq size', () => {
  it('answers without its name as with it, byte by byte, and nothing on stderr', async () => {
    const question = ['--model', LLAMA, '--workload', 'chat', '--users', '100', '--json'];
    const [bare, named] = await Promise.all([runConfigiq(question, home), configiq('size', ...question)]);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(named.stdout).toBe(bare.stdout);
    const document = parseJson<SizeDocument>(bare.stdout);
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining(['schema_version', 'input', 'assumptions', 'recommendations', 'excluded', 'versions']),
    );
    expect(document.recommendations).toHaveLength(3);
    // 100 / (0.2 + 149 * 0.05): the worked example of the documentation.
    expect(document.assumptions.rate_requests_per_s).toBeCloseTo(13.07, 2);
    expect(bare.stdout).not.toContain(home);
  });

  it('prints the report, writes the same document as --json to --output, and leaves no other file behind', async () => {
    const file = inHome('answer.json');
    writeFileSync(file, 'what was there before');
    const question = ['size', '-m', LLAMA, '-u', '100', '--provider', 'GCP', '--top', '2', '--detail', '4'];
    const [report, json] = await Promise.all([
      configiq(...question, '--output', file),
      configiq(...question, '--json'),
    ]);
    expect(report.code).toBe(0);
    expect(report.stdout).toContain('SLA COMPLIANCE REPORT');
    expect(report.stdout).toContain('Rank: 4');
    expect(report.stdout).toMatch(/and \d+ more \(--top \d+ lists all\)/);
    expect(report.stderr).toContain('Written: ');
    expect(readFileSync(file, 'utf8')).toBe(json.stdout);
    expect(parseJson<SizeDocument>(json.stdout).recommendations).toHaveLength(2);
    expect(readdirSync(home).filter((name) => name.startsWith('answer.json'))).toEqual(['answer.json']);
  });

  it('the vLLM command of a plan over four GPUs serves the model with four', async () => {
    const question = ['-m', 'meta-llama/Llama-3.1-70B-Instruct', '-u', '50', '--gpu', 'h100', '--tp', '4'];
    const [report, json] = await Promise.all([configiq(...question), configiq(...question, '--json')]);
    expect(report.code).toBe(0);
    expect(report.stdout).toMatch(/vllm serve meta-llama\/Llama-3\.1-70B-Instruct .*--tensor-parallel-size 4\b/);
    const { recommendations } = parseJson<SizeDocument>(json.stdout);
    expect(recommendations.length).toBeGreaterThan(0);
    for (const { tensor_parallel: tp, vllm_command: command } of recommendations) {
      expect(tp).toBe(4);
      expect(command).toMatch(/ --tensor-parallel-size 4( |$)/);
    }
  });

  it('prints CSV that parses, one line per recommendation', async () => {
    const { code, stdout, stderr } = await configiq(
      '-m',
      LLAMA,
      '-u',
      '20',
      '--provider',
      'gcp',
      '--csv',
      '--top',
      '5',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows: Record<string, string>[] = parse(stdout, { columns: true });
    expect(rows.map(({ rank }) => rank)).toEqual(['1', '2', '3', '4', '5']);
    const costs = rows.map((row) => Number(row['cost_usd_per_request']));
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
  });

  it('exits with 3 and still reports when nothing passes', async () => {
    const question = ['-m', 'meta-llama/Llama-2-70b-hf', '-u', '50', '--provider', 'gcp', '--gpu', 'nvidia-l4'];
    const [report, json] = await Promise.all([
      configiq(...question, '--max-gpus', '1'),
      runConfigiq([...question, '--sla', 'ttft-p95=1', '--json'], home),
    ]);
    expect(report.code).toBe(3);
    expect(report.stdout).toContain('NO ANSWER: none of');
    expect(report.stdout).toContain('NOT PASSING');
    expect(json.code).toBe(3);
    const document = parseJson<SizeDocument>(json.stdout);
    expect(document.num_passing).toBe(0);
    expect(document.excluded.length).toBeGreaterThan(0);
  });

  it('takes a config.json by its path under the name of the file', async () => {
    const file = inHome('my__model.json');
    const config = {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 22,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      vocab_size: 32_000,
      max_position_embeddings: 2048,
      torch_dtype: 'bfloat16',
    };
    writeFileSync(file, JSON.stringify(config));
    const { code, stdout } = await configiq('-m', file, '-u', '10', '--provider', 'gcp', '--json');
    expect(code).toBe(0);
    expect(parseJson<SizeDocument>(stdout).assumptions.model).toBe('my/model');
  });

  it('lists the zones, for a provider too', async () => {
    const { code, stdout } = await configiq('--list-zones', '--provider', 'gcp');
    expect(code).toBe(0);
    expect(stdout).toMatch(/us-central1\n +us-central1-a: /);
    expect(stdout).not.toContain('(aws)');
  });
});

describe('bad input: one short message, exit 2 or 4, nothing on stdout', () => {
  const question = ['size', '-m', LLAMA, '-u', '10'];
  const queue = ['queue', '--rate', '1', '--service-ms', '50', '--distribution'];
  const folder = mkdtempSync(join(home, 'empty-'));
  const broken = inHome('broken.json');
  beforeAll(() => writeFileSync(broken, '{ "hidden_size": 4096, '));

  it.each<[string, string[], number, RegExp]>([
    ['unknown option', ['--model', LLAMA, '--usrs', '10'], 2, /--usrs.*did you mean --users/],
    ['unknown command', ['siz'], 2, /"siz": did you mean size/],
    ['unknown subcommand', ['model', 'shw'], 2, /"shw": did you mean show/],
    ['no load', ['size', '-m', LLAMA], 2, /--users/],
    ['headroom', [...question, '--headroom', '150'], 2, /--headroom must be at most 100, got 150/],
    ['no number', [...question, '--top', 'three'], 2, /--top takes a number, got "three"/],
    ['unknown zone', [...question, '--zone', 'us-centrall1-a'], 2, /us-central1-a/],
    ['zone and region', [...question, '--zone', 'us-central1-a', '--region', 'us-central1'], 2, /only one/],
    ['unknown model', ['-m', 'meta-llama/Lama-2-7b', '-u', '1'], 2, /meta-llama\/Llama-2-7b-hf/],
    ['unknown GPU', [...question, '--gpu', 'h10'], 2, /Unknown GPU "h10": did you mean "nvidia-h100/],
    ['rank beyond the list', [...question, '--detail', '99999'], 2, /give 1 to \d+/],
    ['two formats', [...question, '--json', '--csv'], 2, /exclude each other/],
    [
      'rate and think time',
      ['size', '-m', LLAMA, '--rate', '1', '--think-time', '3'],
      2,
      /--think-time belongs to --users/,
    ],
    ['a spread that the law has not', [...queue, 'deterministic', '--service-cv', '1'], 2, /whose spread is 0/],
    [
      'a rate without end',
      ['queue', '--rate', 'inf', '--service-ms', '50'],
      2,
      /--rate takes a number, got "inf": write/,
    ],
    [
      'a spread of 50',
      ['queue', '--rate', '1', '--service-ms', '50', '--service-cv', '50'],
      2,
      /--service-cv must be at/,
    ],
    [
      'no servers',
      ['queue', '--rate', '1', '--service-ms', '50', '--servers', '0'],
      2,
      /--servers must be at least 1, got 0/,
    ],
    [
      'a spread of arrivals at random',
      ['queue', '--rate', '1', '--service-ms', '50', '--arrival-cv', '2'],
      2,
      /--arrival gamma/,
    ],
    ['another such spread', [...queue, 'exponential', '--service-cv', '0.5'], 2, /whose spread is 1/],
    ['name near to nothing', ['-m', 'zzz', '-u', '1'], 2, /configiq model list .* configiq model import FILE/],
    ['folder without a config.json', ['-m', folder, '-u', '1'], 4, /is a folder without a config.json: give the path/],
    ['folder to import', ['model', 'import', folder], 4, /is a folder without a config.json: give the path/],
    ['tensor parallelism of a half', ['sweep', '-m', LLAMA, '-u', '1', '--tp', '0.5'], 2, /tp.*0\.5/],
    [
      'GPU that no cloud of the filter has',
      ['sweep', '-m', LLAMA, '-u', '1', '--gpu', 'mi300x,h100', '--provider', 'lambda'],
      2,
      /no instance of lambda has the GPU amd-mi300x/,
    ],
    ['range without a step', ['sweep', '-m', LLAMA, '-u', '1..9'], 2, /needs a step/],
    ['missing file', ['-m', './no/config.json', '-u', '1'], 4, /no file/],
    ['malformed config.json', ['-m', broken, '-u', '1'], 4, /not valid JSON: line 1, column 24/],
    ['output nowhere', [...question, '--output', inHome('no/answer.json')], 4, /no folder/],
    ['spec that is no spec', ['sweep', '--spec', broken], 4, /not valid JSON/],
  ])('%s', async (_name, args, exitCode, sentence) => {
    const { code, stdout, stderr } = await configiq(...args);
    expect(stderr).toMatch(sentence);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    expect(stderr.length).toBeLessThanOrEqual(600);
    expect(stderr).not.toMatch(/Usage:|\n\s+at /);
  });

  it('a process of its own ends in the same way', async () => {
    for (const args of [
      ['--model', LLAMA, '--usrs', '10'],
      ['-m', broken, '-u', '1'],
    ])
      expect(await runConfigiq(args, home)).toEqual(await configiq(...args));
  });
});

interface CheckDocument {
  healthy: boolean;
  gpus: number;
  models: number;
  problems: string[];
  issues: { rule: string; severity: string; entry: string; field: string; value: unknown; sentence: string }[];
}

describe('configiq queue, predict, model and catalog', () => {
  it('queue: M/M/1 at half load waits as long as it serves, and half of the arrivals do not wait', async () => {
    const { code, stdout, stderr } = await configiq('queue', '--rate', '1', '--service-ms', '500', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { utilization, stable, wait_ms: wait } = parseJson<QueueDocument>(stdout);
    expect({ utilization, stable, p50: wait.p50 }).toEqual({ utilization: 0.5, stable: true, p50: 0 });
    expect(wait.mean).toBeCloseTo(500, 3);
    // P(W > t) = 0.5 exp(-t / 1000): t = 1000 ln 10.
    expect(wait.p95).toBeCloseTo(1000 * Math.log(10), 1);
  });

  it('queue: a spread that the distribution has by itself may be said', async () => {
    const law = ['--distribution', 'deterministic', '--service-cv', '0'];
    const { code, stdout } = await configiq('queue', '--rate', '1', '--service-ms', '500', ...law, '--json');
    expect(code).toBe(0);
    // M/D/1 waits half as long as M/M/1.
    expect(parseJson<QueueDocument>(stdout).wait_ms.mean).toBeCloseTo(250, 3);
  });

  it('queue: the report says what its words mean, and up to where nobody waits', async () => {
    const { code, stdout } = await configiq('queue', '--rate', '1', '--service-ms', '400');
    expect(code).toBe(0);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(/Utilization \(rho\): 40\.0% .* arrivals per second times mean service time/);
    expect(text).toMatch(
      /40\.0%; the others, 60\.0%, wait exactly 0, so every percentile of the wait up to P60\.0 is 0/,
    );
    expect(text).toMatch(/Wait is the time from arrival to the start of service/);
  });

  it('queue: arrivals that are not Poisson are answered, and overload says what would settle it', async () => {
    const general = ['--arrival', 'gamma', '--arrival-cv', '2'];
    const [bursty, unstable] = await Promise.all([
      configiq('queue', '--rate', '1', '--service-ms', '500', ...general, '--json'),
      configiq('queue', '--rate', '5', '--service-ms', '500'),
    ]);
    const { input, method, wait_ms: wait } = parseJson<QueueDocument>(bursty.stdout);
    expect([input.arrival, input.arrival_cv]).toEqual(['gamma', 2]);
    expect(method).toMatch(/^GI\/G\/1/);
    expect(wait.mean).toBeGreaterThan(900);
    expect(unstable.stdout.replace(/\s+/g, ' ')).toMatch(/settles below 2\.00 arrivals per second, or with 3 servers/);
  });

  it('queue: overload is an answer with nulls', async () => {
    const { code, stdout } = await configiq('queue', '--rate', '3', '--service-ms', '500', '--json');
    expect(code).toBe(0);
    expect(parseJson<QueueDocument>(stdout)).toMatchObject({ stable: false, wait_ms: { mean: null, p99: null } });
  });

  it('predict: 70 B in 16 bit on one H100 is refused with the missing GiB, in full and with exit 3', async () => {
    const load = ['--input-tokens', '1k', '--output-tokens', '200', '--rate', '1'];
    const one = ['predict', '-m', 'meta-llama/Llama-2-70b-hf', '--gpu', 'nvidia-h100-80gb', ...load];
    const [report, json] = await Promise.all([configiq(...one), configiq(...one, '--json')]);
    expect(report.code).toBe(3);
    expect(report.stdout).toMatch(/DOES NOT FIT: \d+\.\d\d GiB are missing/);
    expect(json.code).toBe(3);
    expect(parseJson<{ ttft_ms: { p50: unknown } }>(json.stdout).ttft_ms.p50).toBeNull();
  });

  it('model: import, show and remove keep what they are told', async () => {
    const { stdout } = await configiq('model', 'show', LLAMA, '--json');
    expect(parseJson<{ total_parameters: number }>(stdout).total_parameters).toBe(6_738_415_616);
    const file = inHome('llama.json');
    writeFileSync(
      file,
      '{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64,"intermediate_size":128,' +
        '"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":1000,"max_position_embeddings":512}',
    );
    const imported = await configiq('model', 'import', file, '--id', 'me/tiny');
    expect(imported).toMatchObject({ code: 0 });
    const { stdout: list } = await configiq('model', 'list');
    expect(list).toContain('me/tiny');
    // The one bundled model that is counted and generates no text; none of the bundled ones cannot be read.
    expect(list).toMatch(/Counted, not sized \(model show says why\):\n {2}intfloat\/e5-mistral-7b-instruct\n/);
    expect(list).not.toContain('Not supported');
    expect(await configiq('model', 'remove', 'me/tiny')).toMatchObject({ code: 0, stdout: '' });
    expect(await configiq('model', 'remove', 'me/tiny')).toMatchObject({ code: 2 });
  });

  it('catalog: list knows GPUs and providers by every name that size knows, under snake_case keys', async () => {
    const { code, stdout } = await configiq('catalog', 'list', '--gpu', 'H100', '--provider', 'GCP', '--json');
    expect(code).toBe(0);
    const { instances, gpus } = parseJson<Record<string, Record<string, unknown>[]>>(stdout);
    expect(gpus?.map(({ id }) => id)).toEqual(['nvidia-h100-80gb']);
    expect(instances?.length).toBeGreaterThan(0);
    for (const { provider, gpu } of instances ?? []) expect([provider, gpu]).toEqual(['gcp', 'nvidia-h100-80gb']);
    expect(camelCaseKeys(stdout)).toEqual([]);
  });

  it('model show: layers that take turns are one item a kind, with their order', async () => {
    const { stdout } = await configiq('model', 'show', 'openai/gpt-oss-20b');
    expect(stdout).toMatch(/A: 12 × .*window 128/);
    expect(stdout).toMatch(/B: 12 × /);
    expect(stdout).toContain('In order: AB, and so on.');
    expect(stdout.match(/ × GQA/g)).toHaveLength(2);
  });

  it('model holds: stages of a group, the same figures as JSON, and heads that cannot be shared out are refused', async () => {
    const id = 'deepseek-ai/DeepSeek-V3';
    const [text, json, odd] = await Promise.all([
      configiq('model', 'holds', id, '--tp', '8', '--pp', '2', '--ep', '8'),
      configiq('model', 'holds', id, '--tp', '8', '--pp', '2', '--ep', '8', '--json'),
      configiq('model', 'holds', LLAMA, '--tp', '3'),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^1 +0–30 +41,066,191,872 +38\.41 GiB +34\.9/m);
    expect(camelCaseKeys(json.stdout)).toEqual([]);
    const document = parseJson<ModelHoldsDocument>(json.stdout);
    expect(document.stages.map(({ num_layers }) => num_layers)).toEqual([31, 30]);
    expect(odd).toMatchObject({ code: 2, stdout: '' });
    expect(odd.stderr).toContain('does not divide');
  });

  it('model fits: a table of GPUs, the same figures as JSON, and a length beyond the context is refused', async () => {
    const [text, json, tooLong] = await Promise.all([
      configiq('model', 'fits', 'meta-llama/Llama-2-70b-hf', '--tokens', '4k'),
      configiq('model', 'fits', 'meta-llama/Llama-2-70b-hf', '--tokens', '4k', '--json'),
      configiq('model', 'fits', LLAMA, '--tokens', '8k'),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    const document = parseJson<ModelFitsDocument>(json.stdout);
    expect(camelCaseKeys(json.stdout)).toEqual([]);
    const h100 = document.gpus
      .find(({ gpu }) => gpu === 'nvidia-h100-80gb')
      ?.fits.find((fit) => fit.precision === 'fp16');
    // 39,568 KV tokens in 2,473 blocks of 16; 4,000 tokens take 250 of them.
    expect(h100).toMatchObject({ tensor_parallel: 2, kv_cache_tokens: 39_568, requests: 9 });
    expect(text.stdout).toMatch(/^nvidia-h100-80gb +79\.2 +2 +39,568 +9$/m);
    expect(text.stdout).toMatch(/Not in FP16:\n {2}.*nvidia-t4/);
    expect(text.stdout).toMatch(/GPUs needed in +FP16 +FP8 +INT8/);
    expect(Math.max(...text.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(tooLong).toMatchObject({ code: 2, stdout: '' });
    expect(tooLong.stderr).toContain('give at most 4096');
  });

  it('predict: a static batch says why it has no utilization', async () => {
    const load = ['--input-tokens', '1k', '--output-tokens', '200', '--batch', '1'];
    const { stdout } = await configiq('predict', '-m', LLAMA, '--gpu', 'nvidia-a100-80gb', ...load);
    expect(stdout).toContain('Utilization: not applicable to a static batch');
  });

  it('predict: ranks and whole experts are named beside the GPUs, all-to-alls among the parts of a step', async () => {
    const deepseek = [
      '-m',
      'deepseek-ai/DeepSeek-V3',
      '--gpu',
      'h200',
      '--input-tokens',
      '1k',
      '--output-tokens',
      '200',
    ];
    const [spread, odd] = await Promise.all([
      configiq('predict', ...deepseek, '--dp', '8', '--ep', '8', '--rate', '5'),
      configiq('predict', ...deepseek, '--tp', '8', '--ep', '3', '--rate', '5'),
    ]);
    expect(spread.stdout).toContain('GPU: nvidia-h200 × 8 (TP 1, DP 8, EP 8) per replica, 1 in all');
    expect(spread.stdout).toContain('all to all ');
    expect(odd).toMatchObject({ code: 2, stdout: '' });
    expect(odd.stderr).toContain('ep 3 does not divide the 8 GPUs of tp 8 x dp 1: use a divisor, for example 2.');
  });

  it('catalog: list counts what the catalogs hold, GPUs that nobody sells included', async () => {
    const [text, one, gcp] = await Promise.all([
      configiq('catalog', 'list'),
      configiq('catalog', 'list', '--gpu', 'h20-96gb'),
      configiq('catalog', 'list', '--provider', 'gcp'),
    ]);
    const { gpus, instances, providers, zones } = catalogListing(loadFacts(join(PROJECT, 'catalogs')));
    const counts = `${gpus.length} GPUs, ${instances.length} instances of ${providers.length} providers, ${zones.length} zones.`;
    expect(text.stdout.trimEnd().split('\n').at(-1)).toBe(counts);
    expect(one.stdout).toContain('NVIDIA H20 96GB');
    expect(one.stdout).toMatch(/^1 GPU, 0 instances/m);
    expect(gcp.stdout).not.toContain('NVIDIA H20 96GB');
  });

  it('catalog: check counts what there is on one line, then warns rule by rule', async () => {
    const [text, json] = await Promise.all([configiq('catalog', 'check'), configiq('catalog', 'check', '--json')]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    const { gpus, models, problems, issues } = parseJson<CheckDocument>(json.stdout);
    expect(gpus).toBeGreaterThan(10);
    expect(problems).toEqual([]);
    const [first = '', ...warnings] = text.stdout.trimEnd().split('\n');
    expect(first).toMatch(new RegExp(`^In order: ${gpus} GPUs, .* ${models} models.*\\.$`));
    expect(issues.map(({ severity }) => severity)).not.toContain('error');
    expect(warnings.join('\n')).toMatch(/^4 warnings of spot-plausible: Spot is not far below/m);
    for (const { rule } of issues) expect(text.stdout).toContain(` of ${rule}: `);
    for (const line of warnings) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('catalog: check of a folder with a wrong fact is exit 4, with rule, entry, field and cure', async () => {
    const folder = inHome('catalogs');
    cpSync(join(PROJECT, 'catalogs'), folder, { recursive: true });
    const file = join(folder, 'gpus.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"supports_bf16": false', '"supports_bf16": true'));
    const [text, json] = await Promise.all([
      configiq('catalog', 'check', folder),
      configiq('catalog', 'check', folder, '--json'),
    ]);
    expect(text.code).toBe(4);
    expect(text.stdout).toMatch(/^1 error of bf16-capability: /);
    expect(text.stdout).toContain('nvidia-p4: supports_bf16 is true: compute capability 6.1 has no bf16');
    expect(text.stderr).toContain('The catalogs have 1 error (bf16-capability): mend');
    expect(json.code).toBe(4);
    const { healthy, issues } = parseJson<CheckDocument>(json.stdout);
    expect(healthy).toBe(false);
    expect(issues.filter(({ severity }) => severity === 'error')).toMatchObject([
      { rule: 'bf16-capability', entry: 'nvidia-p4', field: 'supports_bf16', value: true },
    ]);
  });

  it('catalog: check of a broken folder is exit 4 with the problems, all of them as JSON', async () => {
    const [text, json] = await Promise.all([
      configiq('catalog', 'check', home),
      configiq('catalog', 'check', home, '--json'),
    ]);
    expect(text).toMatchObject({ code: 4, stdout: '' });
    expect(text.stderr).toContain('gpus.json');
    expect(text.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    expect(json.code).toBe(4);
    expect(parseJson<{ problems: string[] }>(json.stdout).problems.length).toBeGreaterThan(1);
  });
});

describe('configiq sweep and runs', () => {
  it('exports every row as CSV and keeps the run', async () => {
    const file = inHome('rows.csv');
    const axes = ['-u', '10,100', '-q', 'fp16,fp8', '--zone', 'us-central1-a'];
    const sweep = await configiq('sweep', '-m', LLAMA, ...axes, '--export', file, '--json');
    expect(sweep.code).toBe(0);
    const summary = parseJson<{ status: string; points: number; rows: number }>(sweep.stdout);
    expect(summary).toMatchObject({
      status: 'done',
      points: 4,
      input: { base: { model: LLAMA }, axes: { users: [10, 100], quantization: ['fp16', 'fp8'] } },
      versions: { calibration: 'default' },
    });
    expect(camelCaseKeys(sweep.stdout)).toEqual([]);
    expect(sweep.stderr).toContain('Computing: 4 of 4 points');

    const rows: Record<string, string>[] = parse(readFileSync(file, 'utf8'), { columns: true });
    expect(rows).toHaveLength(summary.rows);
    expect(new Set(rows.map((row) => row['point_id']))).toEqual(new Set(['0', '1', '2', '3']));
    expect(Object.keys(rows[0] ?? {}).slice(0, 4)).toEqual(['point_id', 'users', 'quantization', 'zone']);

    const listed = await configiq('runs', 'list', '--json');
    expect(camelCaseKeys(listed.stdout)).toEqual([]);
    const [newest] = parseJson<{ runs: { id: number; created_at: string; points: number }[] }>(listed.stdout).runs;
    expect(newest).toMatchObject({ points: 4, created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string });
    const shown = await configiq('runs', 'show', String(newest?.id), '--csv');
    expect(shown.stdout).toBe(readFileSync(file, 'utf8'));
  });

  it('answers over a run: frontier, break-evens, goodput; what cannot be asked is said', async () => {
    const home = inHome('answers');
    const ask = (...args: string[]) => askConfigiq(args, home);
    const sweep = await ask('sweep', '-m', LLAMA, '-u', '10,100,1000', '-q', 'fp16,fp8', '--gpu', 'l4,h100');
    expect(sweep.code).toBe(0);
    const frontier = await ask('runs', 'frontier', '1', '--y', 'ttft_ms_p95', '--at', 'users=100', '--json');
    expect([frontier.code, camelCaseKeys(frontier.stdout)]).toEqual([0, []]);
    const { groups } = parseJson<{ groups: { points: { x: number; y: number }[] }[] }>(frontier.stdout);
    const [{ points } = { points: [] }] = groups;
    expect(groups).toHaveLength(1);
    expect(points.length).toBeGreaterThan(1);
    // Along a frontier one figure rises as the other falls.
    points.slice(1).forEach((point, i) => {
      expect([point.x > (points[i]?.x ?? 0), point.y < (points[i]?.y ?? 0)]).toEqual([true, true]);
    });
    const reports = await Promise.all([
      ask('runs', 'frontier', '1'),
      ask('runs', 'break-even', '1'),
      ask('runs', 'break-even', '1', '--between', 'quantization'),
      ask('runs', 'goodput', '1'),
    ]);
    expect(reports.map(({ code, stderr }) => [code, stderr])).toEqual(reports.map(() => [0, '']));
    const titles = ['FRONTIER OF RUN 1', 'ALONG USERS', 'BETWEEN VALUES OF WEIGHTS', 'GOODPUT OF RUN 1'];
    titles.forEach((title, i) => expect(reports[i]?.stdout).toContain(title));
    for (const { stdout } of reports) {
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    }
    const wrong: [string[], RegExp][] = [
      [['frontier', '1', '--x', 'cost_usd_per_hou'], /did you mean "cost_usd_per_hour"/],
      [['frontier', '1', '--at', 'users'], /AXIS=VALUE/],
      [['frontier', '1', '--at', 'users=11'], /has 10, 100, 1000/],
      [['frontier', '2'], /no run 2/],
      [['break-even', '1', '--along', 'zone'], /no axis "zone"/],
      [['break-even', '1', '--between', 'users'], /no axis of names/],
      [['goodput', 'one'], /not the number of a run/],
    ];
    for (const [args, sentence] of wrong) {
      const { code, stderr } = await ask('runs', ...args);
      expect(stderr).toMatch(sentence);
      expect([code, stderr.trimEnd().split('\n').length <= 3]).toEqual([2, true]);
    }
  });

  it('sensitivity: a bar for each input; exit 3 where there is nothing to move', async () => {
    const question = ['sensitivity', '-m', LLAMA, '-u', '100', '--provider', 'gcp', '--gpu', 'l4'];
    const ask = (...more: string[]) => askConfigiq([...question, ...more], inHome('answers'));
    const report = await ask();
    const json = await ask('--by', '30', '--json');
    const none = await ask('--sla', 'ttft-p95=0.01');
    const wrong = await ask('--method', 'simulation');
    expect(report.stdout).toMatch(
      /SENSITIVITY: cost in US\$ an hour, each input 20 % down and up[^]*efficiency +-20 %/,
    );
    expect(camelCaseKeys(json.stdout)).toEqual([]);
    expect(parseJson<{ by_percent: number; bars: unknown[] }>(json.stdout)).toMatchObject({ by_percent: 30 });
    expect([none.code, none.stdout]).toEqual([3, expect.stringContaining('Nothing meets the question itself')]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('must be batching or mg1')]);
  });

  it('prints the same bytes for the same sweep: neither clock nor number of the run', async () => {
    const sweep = ['sweep', '-m', LLAMA, '-u', '10,20', '--provider', 'gcp', '--json'];
    const first = await configiq(...sweep);
    const second = await configiq(...sweep);
    expect(first.code).toBe(0);
    expect(second.stdout).toBe(first.stdout);
  });

  it('a spec file and options say the same; a dry run only counts', async () => {
    const spec = inHome('spec.json');
    writeFileSync(
      spec,
      JSON.stringify({
        base: { model: LLAMA, headroom: 0 },
        axes: { users: { from: 1, to: 1024, factor: 2 }, zone: ['*'] },
      }),
    );
    const [fromSpec, fromOptions, overridden] = await Promise.all([
      configiq('sweep', '--spec', spec, '--dry-run', '--json'),
      configiq('sweep', '-m', LLAMA, '-u', '1..1024*2', '--zone', 'all', '--dry-run', '--json'),
      configiq('sweep', '--spec', spec, '-u', '5', '--dry-run', '--json'),
    ]);
    const plan = ({ stdout }: Ended) => parseJson<SweepPlanDocument>(stdout);
    const users = ({ axes }: SweepPlanDocument) => axes.find(({ axis }) => axis === 'users')?.count;
    expect(users(plan(fromSpec))).toBe(11);
    expect(plan(fromOptions)).toEqual(plan(fromSpec));
    expect(users(plan(overridden))).toBe(1);
    expect(plan(fromSpec)).toMatchObject({ versions: { calibration: 'default' } });
  });

  it('several GPUs or degrees are axes, one of them narrows, and options take the place of the file', async () => {
    const spec = inHome('axes.json');
    writeFileSync(
      spec,
      JSON.stringify({ base: { model: LLAMA, users: 10 }, axes: { gpu: ['l4', 'h100', 'a10'], tp: [1, 2] } }),
    );
    const dry = async (...args: string[]) => {
      const ended = await configiq('sweep', ...args, '--dry-run', '--json');
      const { points, axes } = parseJson<SweepPlanDocument>(ended.stdout);
      return [points, ...axes.map(({ axis, count }) => `${axis} ${count}`)];
    };
    const one = ['-m', LLAMA, '-u', '10'];
    const [compared, narrowed, fromFile, overridden, report] = await Promise.all([
      dry(...one, '--gpu', 'l4,h100', '--tp', '1..8*2'),
      dry(...one, '--gpu', 'l4', '--tp', '2'),
      dry('--spec', spec),
      dry('--spec', spec, '--gpu', 'l4', '--tp', '1,2,4'),
      configiq('sweep', ...one, '--gpu', 'all', '--provider', 'lambda', '--tp', '4', '--dry-run'),
    ]);
    const [instances, filtered, every] = await Promise.all([
      dry(...one, '--instance', 'g2-standard-4,aws/g6e.xlarge'),
      dry(...one, '--instance', 'g6e.xlarge', '--headroom', '10,20'),
      configiq('sweep', ...one, '--instance', 'all', '--provider', 'lambda', '--dry-run'),
    ]);
    expect(instances).toEqual([2, 'instance 2', 'users 1']);
    expect(filtered).toEqual([2, 'users 1', 'headroom 2']);
    expect(every.stdout).toMatch(/^(\d+) points: \1 instances × 1 load\n\1 rows: /);
    expect(compared).toEqual([8, 'gpu 2', 'tp 4', 'users 1']);
    expect(narrowed).toEqual([1, 'users 1']);
    expect(fromFile).toEqual([6, 'gpu 3', 'tp 2']);
    expect(overridden).toEqual([3, 'tp 3']);
    expect(report.stdout).toMatch(/^\d+ points: \d+ GPUs × 1 load\n\d+ rows: .*\n\d+ capacity search/);
    expect(report.stdout).toContain('The tensor parallelism needs more GPUs than the instance has.');
  });

  it('an interrupt keeps what is done and exits with 130', async () => {
    const file = inHome('partial.csv');
    const args = ['sweep', '-m', LLAMA, '-u', '1..1000:1', '--provider', 'gcp', '--export', file];
    const child = startConfigiq(args, home);
    let progress = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      // The first tenth is done, and nine are left to be interrupted.
      if (progress === '') child.kill('SIGINT');
      progress += text;
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(progress).toMatch(
      /Stopping; what is done is kept\.\nStopped; writing what is done\.\nWriting .*partial\.csv…\n/,
    );
    expect(code).toBe(130);
    expect(output).toMatch(/^Run \d+, cancelled: [\d,]+ of 1,000 points/);
    const rows: unknown[] = parse(readFileSync(file, 'utf8'), { columns: true });
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe('configiq sweep, interrupted twice', () => {
  it('stops at once while the export is written', async () => {
    const axes = ['-u', '1..1000:1', '-q', 'fp16,fp8', '--export', inHome('unfinished.csv')];
    const child = startConfigiq(['sweep', '-m', LLAMA, ...axes], home);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') child.kill('SIGINT');
      said += text;
      if (text.includes('Writing ')) child.kill('SIGINT');
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect({ code, signal, output }).toEqual({ code: 130, signal: null, output: '' });
    expect(existsSync(inHome('unfinished.csv'))).toBe(false);
    expect(said).not.toContain('Written: ');
  }, 60_000);
});

describe('configiq itself', () => {
  it('--help starts with three examples, --version names product, engine and catalog', async () => {
    const [help, version, bare] = await Promise.all([configiq('--help'), configiq('--version'), configiq()]);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/^Examples:\n( {2}configiq .+\n){3}\n/);
    expect(bare.stdout).toBe(help.stdout);
    expect(version.stdout).toMatch(/^configiq \S+\nengine \S+\ncatalog \S+\n$/);
  });

  it('doctor tries every part, the workers too', async () => {
    const { code, stdout } = await configiq('doctor', '--json');
    const { healthy, checks } = parseJson<{ healthy: boolean; checks: { name: string; status: string }[] }>(stdout);
    expect({ code, healthy }).toEqual({ code: 0, healthy: true });
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Node.js', 'Database', 'Catalogs', 'Workers']),
    );
  });

  it('doctor says what is bundled and what is in force', async () => {
    const own = inHome('doctor-home');
    const detailOf = async (name: string) => {
      const { stdout } = await runConfigiq(['doctor', '--json'], own);
      const { checks } = parseJson<{ checks: { name: string; detail: string }[] }>(stdout);
      return checks.find((check) => check.name === name)?.detail ?? '';
    };
    const before = await detailOf('In force');
    expect(before).toMatch(/^catalog \S+: \d+ GPUs, \d+ instances, 0 imports, 0 corrections$/);
    const { code } = await runConfigiq(['catalog', 'correct', 'nvidia-l4', 'tdp_watts', '70'], own);
    expect(code).toBe(0);
    const after = await detailOf('In force');
    expect(after).toMatch(/, 0 imports, 1 correction$/);
    expect(after.split(':')[0]).not.toBe(before.split(':')[0]);
    expect(await detailOf('Catalogs')).toMatch(/^bundled: \d+ GPUs/);
  });

  it('doctor: a data folder that cannot be is broken, exit 1', async () => {
    const file = inHome('not-a-folder');
    writeFileSync(file, '');
    const { code, stdout } = await runConfigiq(['doctor'], join(file, 'home'));
    expect(code).toBe(1);
    expect(stdout).toContain('✗ broken  Data folder');
    expect(stdout).toContain('✓ ok      Catalogs');
  });

  it('a terminal without UTF-8 gets ASCII', async () => {
    const { stdout } = await runConfigiq(['-m', LLAMA, '-u', '10', '--provider', 'gcp'], home, { TERM: 'dumb' });
    expect(stdout).toContain('GPU: nvidia-');
    expect(stdout).toMatch(/^[\u0020-\u007e\n]*$/);
    expect(stdout).not.toContain('?');
  });

  it('a reader that goes away ends it quietly', async () => {
    const child = startConfigiq(['model', 'list', '--json'], home);
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  });
});
