import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src-main/cli/context.ts';
import { buildProgram } from '../../src-main/cli/program.ts';
import { facts } from '../engine/world.ts';

// docs/seed.md says where each promise of the description is kept. What it names must be there.
const root = resolve(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/seed.md'), 'utf8');
const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);

/** Built to be looked at, never run. */
const program = buildProgram({} as CommandContext, () => undefined);
const childOf = (parent: Command, name: string): Command | undefined =>
  parent.commands.find((command) => command.name() === name);

/** The command a line starts, as the program reads it: without a name it is `size`. */
function commandOf(words: string[]): Command | undefined {
  const [name = '--', sub = ''] = words;
  if (name.startsWith('-')) return childOf(program, 'size');
  const command = childOf(program, name);
  return command && command.commands.length > 0 ? childOf(command, sub) : command;
}

const flagsOf = (words: string[]): string[] => words.filter((word) => /^--?[a-z]/.test(word));
const unknownFlags = (command: Command, words: string[]): string[] =>
  flagsOf(words).filter((flag) => !command.options.some(({ long, short }) => long === flag || short === flag));

describe('docs/seed.md', () => {
  it('names test files that exist', () => {
    const files = spans.filter((span) => span.startsWith('tests/'));
    expect(files.length).toBeGreaterThan(40);
    expect([...new Set(files)].filter((file) => globSync(file, { cwd: root }).length === 0)).toEqual([]);
  });

  it('links decision notes that exist', () => {
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !existsSync(join(root, 'docs', link)))).toEqual([]);
  });

  it('names commands and flags that the program has', () => {
    const lines = spans.filter((span) => span.startsWith('configiq ')).map((span) => span.split(' ').slice(1));
    expect(lines.length).toBeGreaterThan(20);
    for (const words of lines) {
      const command = commandOf(words);
      if (!command) throw new Error(`there is no command "configiq ${words.join(' ')}"`);
      expect([words.join(' '), unknownFlags(command, words)]).toEqual([words.join(' '), []]);
    }
    const size = commandOf([]);
    const alone = spans.filter((span) => span.startsWith('--')).map((span) => span.split(' '));
    for (const words of alone) expect([words[0], size && unknownFlags(size, words)]).toEqual([words[0], []]);
  });

  it('has a row for every option of the description', () => {
    const options = 'model workload users headroom quantization pricing zone region top output list-zones'.split(' ');
    const rows = text.split('\n').filter((line) => line.startsWith('| `--'));
    for (const option of options)
      expect(
        rows.some((row) => row.startsWith(`| \`--${option}\``)),
        option,
      ).toBe(true);
  });
});

it('the instances of the description are in the catalog with their GPUs', () => {
  const instances = {
    'g2-standard-4': 'nvidia-l4 × 1',
    'a2-highgpu-1g': 'nvidia-a100-40gb × 1',
    'a2-highgpu-8g': 'nvidia-a100-40gb × 8',
    'a2-ultragpu-8g': 'nvidia-a100-80gb × 8',
    'a3-highgpu-8g': 'nvidia-h100-80gb × 8',
  };
  for (const [name, gpus] of Object.entries(instances)) {
    const found = facts.instances.find((entry) => entry.provider === 'gcp' && entry.name === name);
    expect([name, found && `${found.gpuId} × ${found.gpuCount}`]).toEqual([name, gpus]);
    expect(found?.offers.some(({ onDemandUsdPerHour: price }) => price !== null)).toBe(true);
  }
});
