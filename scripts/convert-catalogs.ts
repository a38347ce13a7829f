import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import {
  aliasesFileSchema,
  cloudFileSchema,
  gpusFileSchema,
  modelsIndexSchema,
  workloadsFileSchema,
} from '../src-worker/protocol/catalog-files.ts';
import { convertClouds } from './convert/clouds.ts';
import { formatJson } from './convert/format.ts';
import { convertGpus } from './convert/gpus.ts';
import { convertMeasurements } from './convert/measurements.ts';
import { convertModels } from './convert/models.ts';
import { checkDataFolder, ConversionError } from './convert/read.ts';
import { convertWorkloads } from './convert/workloads.ts';

/**
 * Turns a folder of collected facts (hardware/, models/, seed/, and measurements/ where there is one) into catalogs/.
 * Calibration, engines and the list of sources of measurements are kept by hand and are not touched. The same folder always gives the same bytes.
 */

const USAGE = `Usage: npm run catalogs:convert -- DATA_FOLDER [CATALOGS_FOLDER]

Writes gpus.json, clouds/, models/, workloads/seed.json and measurements/*.csv from the CSV and JSON files in DATA_FOLDER.
CATALOGS_FOLDER is the project's own catalogs/ unless given.`;

/** Text of every catalog file by its path, and what there is to say about the conversion. Writes nothing. */
export function convertAll(dataFolder: string): { files: Map<string, string>; notes: string[] } {
  checkDataFolder(dataFolder);
  const files = new Map<string, string>();
  const gpus = convertGpus(dataFolder);
  files.set('gpus.json', checked('gpus.json', gpus.file, gpusFileSchema, false));

  const clouds = convertClouds(dataFolder);
  for (const [provider, file] of Object.entries(clouds.files)) {
    files.set(`clouds/${provider}.json`, checked(`clouds/${provider}.json`, file, cloudFileSchema, true));
  }
  const workloads = convertWorkloads(dataFolder);
  files.set('workloads/seed.json', checked('workloads/seed.json', workloads.file, workloadsFileSchema, false));

  const models = convertModels(dataFolder);
  files.set('models/index.json', checked('models/index.json', models.index, modelsIndexSchema, false));
  files.set('models/aliases.json', checked('models/aliases.json', models.aliases, aliasesFileSchema, false));
  for (const [file, config] of Object.entries(models.configs)) {
    files.set(`models/configs/${file}`, formatJson(config, { oneLineObjects: false }));
  }
  const measurements = convertMeasurements(dataFolder);
  for (const [source, text] of measurements.files) files.set(`measurements/${source}.csv`, text);

  const parts = [gpus, clouds, workloads, models, measurements];
  return { files, notes: parts.flatMap(({ notes }) => notes) };
}

function checked(path: string, file: unknown, schema: z.ZodType, oneLineObjects: boolean): string {
  const result = schema.safeParse(file);
  const [issue] = result.error?.issues ?? [];
  if (issue) throw new ConversionError(`${path} would break its schema: ${issue.path.join('.')}: ${issue.message}.`);
  return formatJson(file, { oneLineObjects });
}

function writeAll(files: Map<string, string>, catalogsFolder: string): void {
  for (const folder of ['clouds', 'models/configs']) {
    mkdirSync(join(catalogsFolder, folder), { recursive: true });
    for (const name of readdirSync(join(catalogsFolder, folder))) {
      // Hand-kept providers stay; configs of models that left the data folder do not.
      if (folder === 'models/configs' && !files.has(`${folder}/${name}`)) rmSync(join(catalogsFolder, folder, name));
    }
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(join(catalogsFolder, path)), { recursive: true });
    writeFileSync(join(catalogsFolder, path), text);
  }
}

function main(args: string[]): number {
  const [dataFolder, catalogsFolder = join(import.meta.dirname, '..', 'catalogs'), ...extra] = args;
  if (dataFolder === undefined || dataFolder.startsWith('-') || extra.length > 0) {
    console.error(USAGE);
    return dataFolder === '--help' ? 0 : 2;
  }
  try {
    const { files, notes } = convertAll(dataFolder);
    writeAll(files, catalogsFolder);
    for (const note of notes) console.log(note);
    console.log(`${files.size} files written.`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof ConversionError)) throw thrown;
    console.error(thrown.message);
    return 4;
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
