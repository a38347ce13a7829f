import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/configiq.mjs');

/** A Node below 22.12 on the PATH of this machine, or null. */
function findOldNode(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'node');
    if (!existsSync(candidate)) continue;
    const version = spawnSync(candidate, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout?.trim() ?? '';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major > 0 && (major < 22 || (major === 22 && minor < 12))) return candidate;
  }
  return null;
}

const oldNode = findOldNode();
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A package with the launcher, a program in place of the built one, and this process's Node as the bundled one. */
function makePackage({ program, hasNode }: { program: string | null; hasNode: boolean }): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-launcher-'));
  folders.push(folder);
  mkdirSync(join(folder, 'bin'));
  const script = join(folder, 'bin', 'configiq.mjs');
  copyFileSync(LAUNCHER, script);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  if (program !== null) {
    mkdirSync(join(folder, 'out', 'main'), { recursive: true });
    writeFileSync(join(folder, 'out', 'main', 'cli.js'), program);
  }
  if (hasNode) {
    mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
    symlinkSync(process.execPath, join(folder, 'node_modules', '.bin', 'node'));
  }
  return script;
}

const ECHO = `
console.log(JSON.stringify({ version: process.versions.node, args: process.argv.slice(2) }));
process.exitCode = 3;
`;
const WAIT = `
const timer = setInterval(() => undefined, 1000);
process.on('SIGINT', () => { clearInterval(timer); console.log('interrupted'); process.exitCode = 130; });
console.log('ready');
`;

const run = (node: string, script: string, args: string[]) => spawnSync(node, [script, ...args], { encoding: 'utf8' });

describe('launcher on the Node of this project', () => {
  it('runs the built program in the same process, with its arguments and its exit code', () => {
    const { stdout, status } = run(process.execPath, makePackage({ program: ECHO, hasNode: false }), [
      'size',
      '-u',
      '1 2',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ args: ['size', '-u', '1 2'] });
    expect(status).toBe(3);
  });

  it('says how to build what is not built, exit 2', () => {
    const { stdout, stderr, status } = run(process.execPath, makePackage({ program: null, hasNode: false }), []);
    expect(stderr).toContain('npm run build');
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

// Skipped where every Node on the PATH is new enough: there is then nothing to be launched from.
describe.skipIf(oldNode === null)(`launcher on an older Node (${oldNode ?? 'none on the PATH'})`, () => {
  const node = oldNode ?? '';

  it('hands over to the bundled Node: arguments, output and exit code', () => {
    const { stdout, status } = run(node, makePackage({ program: ECHO, hasNode: true }), ['queue', '--rate', '1']);
    expect(JSON.parse(stdout)).toEqual({ version: process.versions.node, args: ['queue', '--rate', '1'] });
    expect(status).toBe(3);
  });

  it('without a bundled Node: one sentence with both versions, exit 2', () => {
    const { stdout, stderr, status } = run(node, makePackage({ program: ECHO, hasNode: false }), []);
    expect(stderr).toContain('needs Node.js 22.12 or newer');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('passes an interrupt on and ends as the program does', async () => {
    const child = spawn(node, [makePackage({ program: WAIT, hasNode: true })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '') child.kill('SIGINT');
      output += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(output).toContain('interrupted');
    expect(code).toBe(130);
  });
});
