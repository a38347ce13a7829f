import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeAtomically } from '../../src-main/services/atomic-write.ts';
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

test('writing replaces a file as a whole and leaves nothing else behind', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'report.txt');
  await writeAtomically(path, 'old');
  await writeAtomically(path, 'new, ünïcode');
  expect(readFileSync(path, 'utf8')).toBe('new, ünïcode');
  expect(readdirSync(folder)).toEqual(['report.txt']);
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
