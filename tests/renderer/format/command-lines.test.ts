import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commandLines } from '../../../src-renderer/format/command-lines.ts';

describe('a command on several lines', () => {
  test('has one flag a line, with its value', () => {
    expect(commandLines('vllm serve org/m --dtype float16 --enable-prefix-caching --max-num-seqs 256')).toBe(
      'vllm serve org/m \\\n  --dtype float16 \\\n  --enable-prefix-caching \\\n  --max-num-seqs 256',
    );
    expect(commandLines('vllm serve org/m')).toBe('vllm serve org/m');
    expect(commandLines('')).toBe('');
  });

  test('that has lines of its own keeps them', () => {
    expect(commandLines('vllm serve org/m \\\n  --dtype half')).toBe('vllm serve org/m \\\n  --dtype half');
  });

  test.runIf(process.platform !== 'win32')('gives a shell the same words as on one line', () => {
    const line = `vllm serve '/models/my model' --hf-overrides '{"a": "x --dtype y"}' --name "it is \\"so\\" --b" --path a\\ b --seed -1`;
    const words = (command: string): string =>
      execFileSync('/bin/sh', ['-c', command.replace(/^vllm/, 'printf "%s\\n"')], { encoding: 'utf8' });
    expect(commandLines(line).split('\n')).toHaveLength(5);
    expect(words(commandLines(line))).toBe(words(line));
  });
});
