import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkWritable, writeAtomically } from '../../src-main/services/atomic-write.ts';
import { databaseFile, dataFolder } from '../../src-main/services/data-folder.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-files-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test('the data folder is CONFIGIQ_HOME and is made with its parents', () => {
  const folder = join(temporaryFolder(), 'a', 'b');
  expect(dataFolder({ CONFIGIQ_HOME: folder })).toBe(folder);
  expect(existsSync(folder)).toBe(true);
  expect(databaseFile(folder)).toBe(join(folder, 'configiq.sqlite'));
});

test('a data folder that cannot be made is refused with folder and cure', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  for (const folder of [file, join(file, 'below')]) {
    expect(() => dataFolder({ CONFIGIQ_HOME: folder })).toThrow(
      expect.objectContaining({
        family: 'file',
        code: 'data_folder_not_writable',
        message: expect.stringMatching(/CONFIGIQ_HOME/) as string,
      }),
    );
  }
});

test('a data folder below a place that takes no folders is refused at once, with the nearest folder there is', () => {
  for (const home of ['/proc/nope', '/proc/nope/deeper']) {
    if (!existsSync('/proc')) return;
    expect(() => dataFolder({ CONFIGIQ_HOME: home })).toThrow(
      expect.objectContaining({
        family: 'file',
        code: 'data_folder_not_writable',
        message: expect.stringMatching(/\/proc.*set CONFIGIQ_HOME/) as string,
      }),
    );
  }
});

test('writing replaces a file as a whole and leaves nothing else behind', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'report.txt');
  await writeAtomically(path, 'old');
  await writeAtomically(path, 'new, ünïcode');
  expect(readFileSync(path, 'utf8')).toBe('new, ünïcode');
  expect(readdirSync(folder)).toEqual(['report.txt']);
});

test('an existing file is replaced, not overwritten: who reads the old one still sees the old text', async () => {
  const path = join(temporaryFolder(), 'report.txt');
  writeFileSync(path, 'old');
  const before = statSync(path).ino;
  const reader = openSync(path, 'r');
  onTestFinished(() => {
    closeSync(reader);
  });
  await writeAtomically(path, 'new');
  expect(readFileSync(reader, 'utf8')).toBe('old');
  expect(readFileSync(path, 'utf8')).toBe('new');
  if (process.platform !== 'win32') expect(statSync(path).ino).not.toBe(before);
});

const hasPipes = process.platform !== 'win32';

test.runIf(hasPipes)('a pipe is written through and stays a pipe, also behind a link', async () => {
  const folder = temporaryFolder();
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  symlinkSync(pipe, join(folder, 'link'));
  for (const path of [pipe, join(folder, 'link')]) {
    const read = readFile(pipe, 'utf8');
    await writeAtomically(path, 'through');
    await expect(read).resolves.toBe('through');
  }
  expect(statSync(pipe).isFIFO()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['link', 'pipe']);
});

test.runIf(hasPipes)('a socket cannot be written: it is refused and stays a socket', async () => {
  const path = join(temporaryFolder(), 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  await expect(writeAtomically(path, 'text')).rejects.toMatchObject({
    family: 'file',
    code: 'file_not_writable',
    message: expect.stringContaining(path) as string,
  });
  expect(statSync(path).isSocket()).toBe(true);
  await new Promise((resolve) => server.close(resolve));
});

test('two writes at once leave one of the two texts', async () => {
  const path = join(temporaryFolder(), 'report.txt');
  const texts = ['a'.repeat(100_000), 'b'.repeat(100_000)];
  await Promise.all(texts.map((text) => writeAtomically(path, text)));
  expect(texts).toContain(readFileSync(path, 'utf8'));
});

test('a place that cannot be written is refused with the reason, and nothing is left there', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'file'), 'kept');
  const attempts: [path: string, sentence: RegExp][] = [
    [join(folder, 'missing', 'x.json'), /there is no folder .*missing/],
    [join(folder, 'sub'), /it is a folder/],
    [join(folder, 'file', 'x.json'), /is not a folder/],
    [join(folder, 'x'.repeat(300)), /the name is too long/],
  ];
  for (const [path, sentence] of attempts) {
    await expect(writeAtomically(path, 'text')).rejects.toMatchObject({
      family: 'file',
      code: 'file_not_writable',
      message: expect.stringMatching(sentence) as string,
    });
  }
  expect(readdirSync(folder).sort()).toEqual(['file', 'sub']);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
});

describe('a file that is to be written later', () => {
  test('is refused where it could not be, with the reason and the cure, and nothing is left behind', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const refusals: [path: string, sentence: RegExp][] = [
      [folder, /it is a folder\. Add a file name/],
      [join(folder, 'none', 'x'), /there is no folder .*none\. Make it first/],
      [join(folder, 'file', 'x'), /file is not a folder\. Choose another place/],
      [join(folder, 'file', 'x', 'y'), /is not a folder\. Choose another place/],
      [join(folder, 'x'.repeat(300)), /the name is too long/],
      // There is such a folder; it takes no files, whoever asks.
      ...(existsSync('/proc')
        ? ([['/proc/x', /^Cannot write \/proc\/x: the folder \/proc takes no new file\. Choose/]] as [string, RegExp][])
        : []),
    ];
    for (const [path, sentence] of refusals) {
      expect(() => checkWritable(path)).toThrow(
        expect.objectContaining({
          family: 'file',
          code: 'file_not_writable',
          message: expect.stringMatching(sentence) as string,
        }),
      );
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('is let pass where it can be, whether it is there or not, and stays as it is', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'old'), 'old');
    symlinkSync(join(folder, 'old'), join(folder, 'link'));
    for (const path of [join(folder, 'new'), join(folder, 'old'), join(folder, 'link'), '/dev/null'])
      checkWritable(path);
    expect(readdirSync(folder).sort()).toEqual(['link', 'old']);
    expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('old');
  });
});
