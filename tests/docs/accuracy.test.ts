import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACCURACY_HEADINGS } from '../../scripts/accuracy/accuracy-text.ts';
import { METRICS, METRIC_WORDS } from '../../scripts/accuracy/headline.ts';
import { BASE, VARIANTS } from '../../scripts/accuracy/variants.ts';

// The pages are written by scripts (npm run docs:accuracy, docs:fidelity): their figures move with every fit and are not
// looked at here, but that they are there, whole, and lead somewhere.
const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const headingsOf = (text: string): string[] => [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
const tableRows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));

describe.each(['docs/accuracy.md', 'docs/fidelity.md'])('%s', (path) => {
  it('has only links that resolve', () => {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^https?:/.test(link));
    expect(local.length).toBeGreaterThan(2);
    expect(local.filter((link) => !existsSync(join(root, dirname(path), link.replace(/#.*$/, ''))))).toEqual([]);
  });

  it('has no figure that does not exist', () => {
    expect(read(path)).not.toMatch(/\b(NaN|undefined|null|Infinity)\b/);
  });

  it('names the profile of the program', () => {
    const { name } = JSON.parse(read('catalogs/calibration/default.json')) as { name: string };
    expect(read(path)).toContain(`\`${name}\``);
  });
});

describe('docs/accuracy.md', () => {
  const text = read('docs/accuracy.md');

  it('has every section with its table', () => {
    expect(headingsOf(text)).toEqual(expect.arrayContaining([...ACCURACY_HEADINGS]));
    for (const title of ACCURACY_HEADINGS.slice(0, -1)) {
      const from = text.indexOf(`## ${title}`);
      const to = text.indexOf('\n## ', from + 1);
      expect(tableRows(text.slice(from, to)).length, title).toBeGreaterThan(2);
    }
  });

  it('says where it misses before it says where it holds', () => {
    expect(text.indexOf('Where it misses')).toBeGreaterThan(0);
    expect(text.indexOf('Where it misses')).toBeLessThan(text.indexOf('Where it holds'));
    expect(text.indexOf('## The largest misses')).toBe(text.indexOf('## '));
  });

  it('has a row for every source of measurements', () => {
    const { sources } = JSON.parse(read('catalogs/measurements/sources.json')) as { sources: { title: string }[] };
    for (const { title } of sources) expect(text).toContain(title);
  });
});

describe('docs/fidelity.md', () => {
  const rows = tableRows(read('docs/fidelity.md'));

  it.each(VARIANTS.map(({ name }) => [name === BASE ? 'the whole model' : name]))('has a row for "%s"', (name) => {
    const row = rows.find(([, first]) => first === name);
    const cells = row?.slice(3, 3 + METRICS.length) ?? [];
    expect(cells.filter((cell) => /^[\d.]+ \/ [\d.]+$/.test(cell))).toHaveLength(METRICS.length);
  });

  it('has the four metrics in its columns', () => {
    const head = rows.find(([, first]) => first === 'variant');
    expect(head).toEqual(expect.arrayContaining(METRICS.map((metric) => METRIC_WORDS[metric])));
  });
});
