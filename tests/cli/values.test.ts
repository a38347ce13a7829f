import { describe, expect, it } from 'vitest';
import { describeError, errorText, EXIT } from '../../src-main/cli/errors.ts';
import { listValue, numberValue, slaValue, textValue, tokensValue } from '../../src-main/cli/values.ts';
import { checkRequest } from '../../src-main/cli/validate.ts';
import { needsAscii } from '../../src-main/cli/terminal.ts';
import { invalidInput } from '../../src-worker/engine/errors.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';

describe('values of options', () => {
  it('tokens take k and M as people count them', () => {
    expect(tokensValue('8k', '--input-tokens')).toBe(8000);
    expect(tokensValue('1.5M', '--input-tokens')).toBe(1_500_000);
    expect(tokensValue('4096', '--input-tokens')).toBe(4096);
    expect(() => tokensValue('8kb', '--input-tokens')).toThrow(
      /--input-tokens takes a number of tokens such as 4096 or 8k/,
    );
  });

  it.each(['abc', '', '0x10', '1e999', '12 34', 'NaN', 'Infinity'])('refuses %j as a number', (text) => {
    expect(() => numberValue(text, '--users')).toThrow(/--users takes a number, got/);
  });

  it('an option in place of a value is seen as one, a negative number is not', () => {
    expect(() => textValue('--top', '--zone')).toThrow('--zone needs a value, and "--top" is an option.');
    expect(numberValue('-5', '--headroom')).toBe(-5);
  });

  it('lists drop repeats and refuse empty parts', () => {
    expect(listValue('fp16, fp8,fp16', '--quantization')).toEqual(['fp16', 'fp8']);
    expect(() => listValue('fp16,,fp8', '--quantization')).toThrow(/empty part/);
  });

  it('targets add up, and the later one wins', () => {
    const first = slaValue('ttft-p95=300', '--sla');
    expect(slaValue('TTFT-P95=250', '--sla', slaValue('tpot-mean=40', '--sla', first))).toEqual({
      ttft_p95: 250,
      tpot_mean: 40,
    });
    expect(() => slaValue('ttft-p95:300', '--sla')).toThrow(/METRIC=MILLISECONDS/);
  });
});

describe('sentences about a request', () => {
  const sentenceFor = (draft: object): string => {
    try {
      checkRequest(sizeInputSchema, draft);
      return 'accepted';
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  };
  const model = 'meta-llama/Llama-2-7b-hf';

  it.each([
    [{}, '--model is missing'],
    [{ model, headroom: 150 }, '--headroom must be at most 100, got 150.'],
    [{ model, headroom: -1 }, '--headroom must be at least 0, got -1.'],
    [{ model, users: 1.5 }, '--users takes a whole number, got 1.5.'],
    [{ model, quantization: ['fp18'] }, '--quantization does not know "fp18": did you mean fp16?'],
    [{ model, pricing: 'sopt' }, 'did you mean spot? It takes ondemand, spot.'],
    [{ model, pricing: 'yearly' }, '--pricing does not know "yearly": it takes ondemand, spot.'],
    [{ model, sla: { wait: 3 } }, '--sla does not know the metric "wait": it takes ttft, tpot or e2e'],
    [{ model, sla: { ttft_p96: 300 } }, 'does not know the metric "ttft-p96": did you mean ttft-p95?'],
    [{ model, sla: { ttft_p95: -3 } }, '--sla ttft-p95 must be above 0, got -3.'],
    [{ model, max_gpus: 0 }, '--max-gpus must be at least 1, got 0.'],
  ])('%j: %s', (draft, sentence) => {
    expect(sentenceFor(draft)).toContain(sentence);
  });

  it('says how many more there are', () => {
    expect(sentenceFor({ model, top: 0, tp: 0 })).toContain('(1 more to mend after it)');
  });
});

describe('errors on the terminal', () => {
  it('have at most three lines and 600 characters, and no control characters', () => {
    const long = errorText({
      family: 'invalid_input',
      code: 'x',
      message: `a\u001b[31m${'b\n'.repeat(9)}${'c'.repeat(2000)}`,
      details: {},
    });
    expect(long.split('\n').length).toBeLessThanOrEqual(3);
    expect(long.length).toBeLessThanOrEqual(600);
    expect(long).not.toContain('\u001b');
    const wide = errorText({ family: 'bug', code: 'x', message: 'c'.repeat(2000), details: {} });
    expect(wide.length).toBeLessThanOrEqual(600);
    expect(wide).toContain('--verbose');
  });

  it('families become exit codes, and what is no ConfigIqError is a bug', () => {
    expect(describeError(invalidInput('x', 'No.'), false).exitCode).toBe(EXIT.usage);
    expect(describeError(new TypeError('oops'), false)).toMatchObject({ exitCode: EXIT.bug });
  });

  it('show a stack only when asked', () => {
    const bug = new TypeError('oops');
    expect(describeError(bug, false).text).not.toMatch(/\n\s+at /);
    expect(describeError(bug, true).text).toMatch(/\n\s+at /);
  });
});

describe('ASCII where UTF-8 cannot be had', () => {
  it.each([
    [{}, false],
    [{ LANG: 'C.UTF-8' }, false],
    [{ LANG: 'en_US.utf8', LC_ALL: '' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, true],
    [{ LANG: 'C.UTF-8', TERM: 'dumb' }, true],
  ])('%j: %s', (environment, expected) => {
    expect(needsAscii(environment)).toBe(expected);
  });
});
