import { expect, test } from 'vitest';
import { answerModel } from '../../src-worker/answers/model.ts';
import { answerPredict } from '../../src-worker/answers/predict.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import type { Precision } from '../../src-worker/engine/model/types.ts';
import { weightBytes } from '../../src-worker/engine/model/weights.ts';
import { predictInputSchema, sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { aliasSource, loadAliases, readBundledModel } from '../../src-main/catalogs/models.ts';
import { facts } from '../engine/world.ts';
import { breakFile, copyOfCatalogs, errorOf } from './folder.ts';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';

const folder = bundledCatalogsFolder();
const aliases = loadAliases(folder);

function sourceOf(name: string) {
  const alias = aliases.get(name) ?? expect.fail(`no alias ${name}`);
  const base = readBundledModel(folder, alias.of) ?? expect.fail(`no ${alias.of}`);
  return { base, source: aliasSource(name, alias, base) };
}

/** What the people who publish these re-uploads mean by their names, with the bytes a weight then takes. */
const FORMATS: [name: RegExp, method: string | RegExp, precision: Precision, bytes: [number, number]][] = [
  [/-AWQ$/, 'awq', 'int4', [0.5, 0.55]],
  [/-GPTQ-Int4$/, 'gptq', 'int4', [0.5, 0.55]],
  [/-GPTQ-Int8$/, 'gptq', 'w8a16', [1, 1.05]],
  [/w4a16$/, 'compressed-tensors', 'int4', [0.5, 0.55]],
  [/w8a16$/, 'compressed-tensors', 'w8a16', [1, 1.05]],
  [/w8a8$/, 'compressed-tensors', 'int8', [1, 1.05]],
  [/FP8(-KV)?$/, /^(fp8|compressed-tensors|quark)$/, 'fp8', [1, 1.01]],
];

test.each([...aliases.keys()])('%s: its own name, the facts of its architecture, its own format', (name) => {
  const { base, source } = sourceOf(name);
  const [model, standsFor] = [analyzeModel(source), analyzeModel(base)];
  expect(model.id).toBe(name);
  expect(model.layers.length).toBe(standsFor.layers.length);
  // A longer vocabulary or a padded FFN is a percent at most.
  expect(Math.abs(model.totalParameters / standsFor.totalParameters - 1)).toBeLessThan(0.01);
  expect(model.assumptions[0]).toContain(`Facts of ${base.id}, whose architecture is the same`);
  expect(model.checkpoint.problem).toBeUndefined();

  const format = FORMATS.find(([pattern]) => pattern.test(name));
  if (!format) return expect(model.checkpoint).toEqual(standsFor.checkpoint);
  const [, method, precision, [least, most]] = format;
  expect(model.checkpoint.method).toMatch(method);
  expect(model.checkpoint.precision).toBe(precision);
  const outside = model.outside.reduce((sum, { rows, columns, count }) => sum + rows * columns * count, 0);
  const bytes = (weightBytes(model, precision) - 2 * outside) / (model.totalParameters - outside);
  expect(bytes).toBeGreaterThan(least);
  expect(bytes).toBeLessThan(most);
});

test('the differences that decide memory and context are those of the repositories', () => {
  const context = (name: string): number => analyzeModel(sourceOf(name).source).maxContextTokens;
  expect(context('Qwen/Qwen2.5-72B-Instruct')).toBe(32_768);
  expect(context('Qwen/Qwen2.5-7B')).toBe(131_072);
  expect(context('Qwen/Qwen3-235B-A22B-Instruct-2507-FP8')).toBe(262_144);
  expect(context('codellama/CodeLlama-70b-Instruct-hf')).toBe(4096);
  const windowed = analyzeModel(sourceOf('mistralai/Mistral-7B-v0.1').source);
  expect(windowed.layers[0]?.attention.cache[0]?.windowTokens).toBe(4096);
  // 7,248,023,552 parameters (model card); v0.2 has 768 vocabulary rows less, in embedding and head.
  expect(analyzeModel(sourceOf('mistralai/Mistral-7B-v0.3').source).totalParameters).toBe(7_248_023_552);
});

const MIXTRAL = 'mistralai/Mixtral-8x7B-Instruct-v0.1';

test('serve and bench commands, input and assumptions name the model that was asked for', () => {
  const { source } = sourceOf(MIXTRAL);
  const input = sizeInputSchema.parse({ model: MIXTRAL, users: 20, gpu: ['nvidia-h100-80gb'] });
  const answer = answerSize(input, source, facts);
  const [row] = answer.recommendations;
  expect(answer.input['model']).toBe(MIXTRAL);
  expect(answer.assumptions.model).toBe(MIXTRAL);
  expect(answer.assumptions.notes).toContain(
    `Facts of mistralai/Mixtral-8x7B-v0.1, whose architecture is the same as that of ${MIXTRAL}.`,
  );
  for (const command of [row?.vllm_commands.safe, row?.vllm_commands.high_performance]) {
    expect(command).toContain(`vllm serve ${MIXTRAL} `);
  }
  expect(row?.bench_command).toContain(`--model ${MIXTRAL} `);
  const load = { gpu: 'nvidia-h100-80gb', tp: 2, input_tokens: 250, output_tokens: 150, rate: 1 };
  const predicted = answerPredict(predictInputSchema.parse({ model: MIXTRAL, ...load }), source, facts);
  expect(predicted.input['model']).toBe(MIXTRAL);
  expect(predicted.warnings.map(({ code }) => code)).toContain('same_architecture');
});

test('a quantized re-upload is sized and started as what it holds, and refused in what it does not', () => {
  const name = 'Qwen/Qwen2.5-72B-Instruct-AWQ';
  const { source } = sourceOf(name);
  const ask = { model: name, users: 20, gpu: ['nvidia-h100-80gb'] };
  const [row] = answerSize(sizeInputSchema.parse(ask), source, facts).recommendations;
  expect(row?.quantization).toBe('int4');
  expect(row?.vllm_command).toContain(`vllm serve ${name} `);
  expect(row?.vllm_command).not.toMatch(/--dtype|--quantization/);
  // 72.7 billion parameters at 4 bits with scales, embedding and head at 16: about 38.7 GiB.
  expect((row?.memory.weights_gib ?? 0) * (row?.tensor_parallel ?? 0)).toBeGreaterThan(37);
  expect((row?.memory.weights_gib ?? 0) * (row?.tensor_parallel ?? 0)).toBeLessThan(41);
  const [bf16] = answerSize(sizeInputSchema.parse({ ...ask, quantization: ['bf16'] }), source, facts).recommendations;
  expect(bf16?.vllm_command).toBeNull();
  expect(bf16?.vllm_command_reason).toContain(`${name} holds int4`);
});

test('model show gives the canonical id where nothing differs, and says whose facts they are', () => {
  const shown = (name: string) => answerModel(sourceOf(name).source);
  expect(shown(MIXTRAL)).toMatchObject({ id: 'mistralai/Mixtral-8x7B-v0.1', facts_of: 'mistralai/Mixtral-8x7B-v0.1' });
  expect(shown('Qwen/Qwen3-8B-AWQ')).toMatchObject({ id: 'Qwen/Qwen3-8B-AWQ', facts_of: 'Qwen/Qwen3-8B' });
});

test.each<[string, string, string, RegExp]>([
  [
    'a name that speaks of a format without one',
    '"Qwen/Qwen3-8B-AWQ": {',
    '"Qwen/none": {',
    /aliases\.Qwen\/Qwen3-8B-AWQ.*say how it stores/,
  ],
  ['a format nobody describes', '"quantization": "w4a16"', '"quantization": "w4a17"', /w4a17.*name one of awq/],
])('%s is refused', (_, text, replacement, words) => {
  const copy = copyOfCatalogs();
  breakFile(copy, 'models/alias-differences.json', text, replacement);
  const error = errorOf(() => loadAliases(copy));
  expect(error.family).toBe('file');
  expect(error.message).toMatch(words);
});
