import { describe, expect, it } from 'vitest';
import { Automaton } from '../../../../src-worker/engine/model/quantization/automaton.ts';

const regex = (...patterns: string[]): Automaton => {
  const automaton = new Automaton();
  for (const pattern of patterns) expect(automaton.addRegex(pattern)).toBe(true);
  return automaton;
};

const glob = (pattern: string): Automaton => {
  const automaton = new Automaton();
  expect(automaton.addGlob(pattern)).toBe(true);
  return automaton;
};

const matches = (automaton: Automaton, text: string): boolean =>
  automaton.matches(automaton.read(automaton.start(), text));

describe('regular expressions of module lists', () => {
  it.each([
    ['.*self_attn.*', 'model.layers.3.self_attn.q_proj', true],
    ['.*self_attn.*', 'model.layers.3.mlp.up_proj', false],
    // Matched from the beginning on, not anywhere.
    ['self_attn', 'model.layers.3.self_attn', false],
    ['model\\.layers\\.1', 'model.layers.12.mlp', true],
    ['model\\.layers\\.1$', 'model.layers.12', false],
    ['^model\\.layers\\.(0|78).*$', 'model.layers.78.mlp.gate', true],
    ['^model\\.layers\\.(0|78).*$', 'model.layers.8.mlp.gate', false],
    ['.*mlp\\.(gate|up|gate_up|down)_proj.*', 'model.layers.0.mlp.gate_up_proj', true],
    ['.*mlp\\.(gate|up|gate_up|down)_proj.*', 'model.layers.0.mlp.experts.0.gate_proj', false],
    ['a\\.b', 'axb', false],
    ['layers\\.[0-3]\\.', 'layers.2.mlp', true],
    ['layers\\.[^0-3]\\.', 'layers.2.mlp', false],
    ['layers\\.\\d{2}\\.', 'layers.12.mlp', true],
    ['layers\\.\\d{2,}$', 'layers.1', false],
    ['(?:mtp|eagle)\\.', 'eagle.fc', true],
    ['(?P<part>mtp)\\.', 'mtp.fc', true],
    ['x?y+z*?', 'yyz', true],
    ['', 'anything', true],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(matches(regex(pattern), text)).toBe(expected);
  });

  it('are matched as one list', () => {
    const list = regex('.*lm_head', 'model\\.layers\\.0\\.');
    expect(matches(list, 'lm_head')).toBe(true);
    expect(matches(list, 'model.layers.0.mlp')).toBe(true);
    expect(matches(list, 'model.layers.1.mlp')).toBe(false);
  });

  it.each([
    '(?!x)y',
    '(?<=x)y',
    '(a)\\1',
    '(?i)abc',
    'a++',
    '(',
    'a)',
    '[a',
    '*a',
    '\\bx',
    'a{2000}',
    '(a{900}){900}',
    `${'a'.repeat(20_001)}`,
    `${'('.repeat(60)}a${')'.repeat(60)}`,
  ])('that reach beyond the subset are not read: %s', (pattern) => {
    expect(new Automaton().addRegex(pattern)).toBe(false);
  });

  it('leave the list as it was where one is not read', () => {
    const list = regex('model\\.norm');
    expect(list.addRegex('model\\.(?!layers)')).toBe(false);
    expect(matches(list, 'model.norm')).toBe(true);
    expect(matches(list, 'model.head')).toBe(false);
  });

  it('agree with the built-in matcher on ten thousand random patterns and names', () => {
    // A linear congruential generator (Numerical Recipes), so that a failure can be repeated.
    let seed = 1;
    const below = (limit: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * limit);
    };
    const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;
    const atom = (depth: number): string => {
      const kind = below(depth > 2 ? 6 : 8);
      if (kind < 4) return pick(['a', 'b', 'c', '\\.']);
      if (kind === 4) return pick(['.', '[ab]', '[^a]', '\\w', '\\d']);
      if (kind === 5) return pick(['^', '$', 'a', 'b']);
      return `(${choice(depth + 1)})`;
    };
    const sequence = (depth: number): string =>
      Array.from({ length: below(4) }, () => {
        const part = atom(depth);
        return /^[\^$]$/.test(part) ? part : part + pick(['', '', '', '*', '+', '?', '{2}', '{1,2}', '{1,}']);
      }).join('');
    const choice = (depth: number): string => Array.from({ length: 1 + below(2) }, () => sequence(depth)).join('|');
    for (let round = 0; round < 2_000; round++) {
      const pattern = choice(0);
      const automaton = regex(pattern);
      const oracle = new RegExp(pattern, 'y');
      for (let name = 0; name < 5; name++) {
        const text = Array.from({ length: below(7) }, () => pick(['a', 'b', 'c', '.', '1'])).join('');
        oracle.lastIndex = 0;
        expect([pattern, text, matches(automaton, text)]).toEqual([pattern, text, oracle.test(text)]);
      }
    }
  });
});

describe('globs of module lists', () => {
  it.each([
    ['model.layers.*.self_attn', 'model.layers.3.self_attn.q_proj', true],
    ['model.layers.*.mlp.gate', 'model.layers.3.mlp.gate', true],
    ['model.layers.*.mlp.gate', 'model.layers.3.mlp.gate_proj', false],
    ['model.layers.*.mlp.shared_expert*', 'model.layers.3.mlp.shared_expert_gate', true],
    ['*.attn.*', 'layers.3.attn.wq_a', true],
    ['*.attn.*', 'layers.3.self_attn.wq_a', false],
    ['model.layers.?.mlp', 'model.layers.3.mlp', true],
    ['model.layers.?.mlp', 'model.layers.33.mlp', false],
    ['model.layers.[12].mlp', 'model.layers.2.mlp.up_proj', true],
    ['model.layers.[!12].mlp', 'model.layers.2.mlp.up_proj', false],
    ['lm_head', 'model.lm_head', false],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(matches(glob(pattern), text)).toBe(expected);
  });
});

describe('patterns made to keep a matcher busy', () => {
  const name = `model.layers.17.${'a'.repeat(200)}.self_attn.q_proj`;
  it.each([
    ['a repeated repetition', '(a+)+$'],
    ['a repetition of anything', '(.*)*x'],
    ['many of anything', '(.*.*.*.*)*$'],
    ['the same choice twice', '(a|a)*b'],
    ['overlapping choices', '(.|a|\\w)*!'],
    ['a long tail after any beginning', '.*a.{100}$'],
    ['many optional parts', '((a?){30}){30}b'],
    ['forty nested repetitions', `${'(a*'.repeat(40)}${')*'.repeat(40)}b`],
    ['thousands of choices', `(${Array.from({ length: 2_000 }, (_, number) => number).join('|')})*z`],
    ['nothing, repeated', '((((()*)*)*)*)*'],
    ['nothing, a million times', '((){1000}){1000}'],
    ['hundreds of gaps', `${'.*a'.repeat(500)}z`],
  ])('%s is done in a few milliseconds', (_, pattern) => {
    const times = Array.from({ length: 10 }, () => {
      const start = performance.now();
      const automaton = new Automaton();
      if (automaton.addRegex(pattern)) matches(automaton, name);
      return performance.now() - start;
    });
    // Some of these keep a backtracking matcher busy for centuries; busy machines are allowed for.
    expect(Math.min(...times)).toBeLessThan(50);
  });

  it('stop at a budget, and say so', () => {
    const automaton = new Automaton();
    for (let number = 0; number < 3_000; number++) automaton.addRegex(`(.*${number})*(.|..)*x`);
    for (let layer = 0; layer < 2_000 && !automaton.isExhausted; layer++) {
      matches(automaton, `model.layers.${layer}.${'ab1'.repeat(20)}`);
    }
    expect(automaton.isExhausted).toBe(true);
    expect(matches(automaton, 'model.layers.0.never.seen.before')).toBe(false);
  });
});
