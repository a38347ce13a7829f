import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  describeIssues,
  predictInputSchema,
  queueInputSchema,
  sizeInputSchema,
  sweepSpecSchema,
} from '../../src-worker/protocol/requests.ts';

/** What is said about a value that the schema refuses. */
function sentence(schema: z.ZodType, value: unknown, reportInput = true): string {
  const checked = schema.safeParse(value, { reportInput });
  if (checked.success) expect.fail('accepted');
  return describeIssues(checked.error, 'Request');
}

const size = (fields: object): [z.ZodType, unknown] => [sizeInputSchema, { model: 'm', ...fields }];
const sweep = (fields: object): [z.ZodType, unknown] => [
  sweepSpecSchema,
  { base: { model: 'm' }, axes: {}, ...fields },
];
const queue = (fields: object): [z.ZodType, unknown] => [queueInputSchema, { rate: 1, service_ms: 1, ...fields }];
const predict = (fields: object): [z.ZodType, unknown] => [
  predictInputSchema,
  { model: 'm', gpu: 'g', input_tokens: 1, output_tokens: 1, ...fields },
];

describe('what a schema refuses is said in plain words: field, value, what would work', () => {
  const cases: [[z.ZodType, unknown], string][] = [
    [size({ users: null }), 'users: must be a number, got null'],
    [size({ users: '7' }), 'users: must be a number, got "7"'],
    [size({ users: 1.5 }), 'users: must be a whole number, got 1.5'],
    [size({ users: Number.NaN }), 'users: must be a number, got NaN'],
    [size({ users: 0 }), 'users: must be at least 1, got 0'],
    [size({ headroom: 101 }), 'headroom: must be at most 100, got 101'],
    [size({ rate: 0 }), 'rate: must be above 0, got 0'],
    [queue({ service_ms: Number.POSITIVE_INFINITY }), 'service_ms: must be a number, got Infinity'],
    [predict({ max_num_batched_tokens: 2 ** 60 }), `max_num_batched_tokens: must be at most 10000000, got ${2 ** 60}`],
    [size({ model: undefined }), 'model: is missing: give a model id'],
    [predict({ input_tokens: undefined }), 'input_tokens: is missing: give a number'],
    [size({ model: '' }), 'model: must not be empty, got ""'],
    [size({ model: 'x'.repeat(301) }), `model: must have at most 300 characters, got "${'x'.repeat(59)}…`],
    [size({ prefix_cache: 'yes' }), 'prefix_cache: must be true or false, got "yes"'],
    [size({ pricing: 'free' }), 'pricing: must be one of "ondemand", "spot", got "free"'],
    [size({ quantization: 'fp8' }), 'quantization: must be a list, got "fp8"'],
    [size({ provider: [1] }), 'provider.0: must be a text, got 1'],
    [size({ sla: { ttft_p95: -1 } }), 'sla.ttft_p95: must be above 0, got -1'],
    [size({ sla: { x: 1 } }), 'sla: "x" is not a key that can stand there: mend the spelling or remove it'],
    [size({ a: 1, b: 2 }), '"a", "b" are not keys that can stand there: mend the spelling or remove them'],
    [size({ users: 0, headroom: -1 }), 'users: must be at least 1, got 0 (and 1 more)'],
    [[sizeInputSchema, []], 'must be an object, got []'],
    [[sizeInputSchema, undefined], 'is missing: give an object'],
    [sweep({ schema_version: 2 }), 'schema_version: must be 1, got 2'],
    [sweep({ base: undefined }), 'base: is missing: give an object of size options, at least {"model": …}'],
    [sweep({ axes: { zone: [] } }), 'axes.zone: must not be empty, got []'],
    [
      sweep({ axes: { users: [10, 'x'] } }),
      'axes.users: must be a list of numbers or a range {from, to, step|factor}, got [10,"x"]',
    ],
    [
      sweep({ axes: { users: { from: 1 } } }),
      'axes.users: must be a list of numbers or a range {from, to, step|factor}, got {"from":1}',
    ],
    [sweep({ axes: { users: { from: 1, to: 2, factor: 1 } } }), 'axes.users.factor: must be above 1, got 1'],
    [[z.array(z.string()).max(1), ['a', 'b']], 'must have at most 1 entry, got ["a","b"]'],
    [[z.number().lt(3), 3], 'must be below 3, got 3'],
    [[z.number().multipleOf(4), 3], 'must be a multiple of 4, got 3'],
    [[z.string().regex(/^a/, 'must start with a'), 'b'], 'must start with a, got "b"'],
    [
      [z.record(z.string().regex(/^a/, 'must start with a'), z.number()), { b: 1 }],
      'b: is not a name that can stand there: it must start with a, got "b"',
    ],
    [[z.union([z.string(), z.array(z.number())]), 7], 'must be a text or a list, got 7'],
    [[z.number().refine((n) => n % 2 === 0, 'Must be even'), 3], 'must be even, got 3'],
  ];
  test.each(cases.map(([question, words]) => [words, ...question] as const))('%s', (words, schema, value) => {
    expect(sentence(schema, value)).toBe(`Request: ${words}.`);
  });

  test('where the schema does not report the value, the rest is said all the same', () => {
    expect(sentence(...size({ users: 0 }), false)).toBe('Request: users: must be at least 1.');
    expect(sentence(...size({ model: undefined }), false)).toBe('Request: model: is missing: give a model id.');
  });

  test("none of the library's own wording gets through", () => {
    const values = [null, 1, -1, 'x', '', [], {}, true, 1e99, ['x'], { x: 1 }];
    for (const schema of [sizeInputSchema, predictInputSchema, queueInputSchema, sweepSpecSchema]) {
      for (const field of Object.keys(schema.shape)) {
        for (const value of values) {
          const checked = schema.safeParse({ [field]: value }, { reportInput: true });
          for (const issue of checked.error?.issues ?? []) {
            const words = describeIssues(new z.ZodError([issue]), 'Request');
            expect(words).not.toMatch(/expected|received|Invalid|Too (big|small)|undefined|<=|>=/);
          }
        }
      }
    }
  });
});
