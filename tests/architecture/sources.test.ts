import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const IGNORED = /(^|\/)(node_modules|out|coverage|test-results|playwright-report|[.]git)(\/|$)/;
const files = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: root, exclude: (name) => IGNORED.test(name) }).filter((file) => !IGNORED.test(file));

/** Names a pure calculation may not use: they bring in the clock, chance, the process or the terminal. */
const IMPURE_NAMES = ['Date', 'console', 'process', 'performance', 'globalThis', 'fetch', 'setTimeout', 'crypto'];
const IMPURE_MEMBERS = ['Math.random'];

/** `line: name` of every use of an impure name. Reads the syntax tree, so that comments and texts may speak of them. */
function impureUses(text: string): string[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const uses: string[] = [];
  const note = (node: ts.Node, name: string) => {
    uses.push(`${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${name}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.includes(node.getText())) note(node, node.getText());
    if (ts.isIdentifier(node) && IMPURE_NAMES.includes(node.text) && !isOnlyAKey(node)) note(node, node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return uses;
}

/** `model.process` and `{ document: 1 }` use a name of their own, not the global one. */
function isOnlyAKey(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node;
}

describe('the engine is pure', () => {
  it('uses no clock, no chance, no process and no terminal', () => {
    const engine = files('src-worker/{engine,answers}/**/*.ts');
    expect(engine.length).toBeGreaterThan(20);
    const uses = engine.flatMap((file) => impureUses(read(file)).map((use) => `${file}:${use}`));
    expect(uses).toEqual([]);
  });

  it.each([
    ['const now = Date.now();', '1: Date'],
    ['const at = new Date();', '1: Date'],
    ['\nconst x = Math.random();', '2: Math.random'],
    ["console.log('x');", '1: console'],
    ['const home = process.env.HOME;', '1: process'],
    ['const f = { now: performance.now };', '1: performance'],
  ])('and the reader sees %j', (text, use) => {
    expect(impureUses(text)).toContain(use);
  });

  it('but not what only sounds like it', () => {
    expect(impureUses('// Date.now()\nconst a = { Date: "console", b: x.process };')).toEqual([]);
  });
});

describe('nothing names the machine it was written on', () => {
  const OWN = files(
    '*.{json,ts,js,cjs,md}',
    '.ci/run',
    '{bin,scripts,docs}/**/*.{mjs,mts,ts,md}',
    'src-*/**/*.{ts,svelte,css,html}',
    'tests/**/*.{ts,js,mjs,md}',
    'catalogs/**/*.{md,json}',
  );
  /** Spelled in parts, so that this file does not name one either. Tests may speak of somebody's home. */
  const PLACES = [
    { place: ['', 'root', ''].join('/'), in: /./ },
    { place: ['', 'work', ''].join('/'), in: /./ },
    { place: ['', 'home', ''].join('/'), in: /^(?!tests)/ },
    { place: ['', 'Users', ''].join('/'), in: /^(?!tests)/ },
  ];

  it('in no source, document or catalog', () => {
    expect(OWN.length).toBeGreaterThan(100);
    const found = OWN.flatMap((file) => {
      const text = read(file);
      return PLACES.filter(
        ({ place, in: scope }) => scope.test(file) && new RegExp(`(^|[\\s"'\`(=:])${place}[a-z]`, 'm').test(text),
      ).map(({ place }) => `${file}: ${place}`);
    });
    expect(found).toEqual([]);
  });
});

describe('set-up', () => {
  it('README has two lines to type on a fresh clone, and both install first', () => {
    const lines = read('README.md')
      .split('\n')
      .filter((line) => line.startsWith('npm ci'));
    expect(lines).toEqual(['npm ci && npm start', 'npm ci && npm test']);
  });

  it('CI runs the test line of the README', () => {
    expect(read('.ci/run')).toContain("'^npm ci .*npm test' README.md");
  });

  it('the lock file names no registry, so that it installs from any', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { resolved?: string; integrity?: string }>;
    };
    const packages = Object.entries(lock.packages).filter(([name]) => name !== '');
    expect(packages.length).toBeGreaterThan(100);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([name]) => name)).toEqual([]);
    expect(packages.filter(([, { integrity }]) => !integrity).map(([name]) => name)).toEqual([]);
  });

  it('every package has one exact version, so that two clones are alike', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(versions.filter(([, version]) => !/^\d+[.]\d+[.]\d+(-[0-9A-Za-z.-]+)?$/.test(version))).toEqual([]);
  });

  it('catalogs hold facts and their description only', () => {
    expect(files('catalogs/**/*.*').filter((file) => !/[.](json|md|csv)$/.test(file))).toEqual([]);
  });
});
