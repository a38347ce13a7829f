import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { Instance } from '../../src-worker/engine/hardware/types.ts';
import {
  calibrationFileSchema,
  cloudFileSchema,
  engineFileSchema,
  gpusFileSchema,
  workloadsFileSchema,
  type GpuFileEntry,
} from '../../src-worker/protocol/catalog-files.ts';
import { DEFAULT_CALIBRATION } from '../../src-worker/protocol/names.ts';
import { didYouMean } from '../../src-worker/protocol/suggest.ts';
import { emptyContent, type CatalogContent } from './content.ts';
import {
  calibrationFromFile,
  enginesFromFile,
  gpuFromFile,
  instanceContent,
  instanceFromLayers,
  workloadFromFile,
} from './convert.ts';
import { priceDates } from './dates.ts';
import { withDoubts } from './doubts.ts';
import {
  bundledCatalogsFolder,
  catalogError,
  listCatalogFiles,
  parseJson,
  readCatalogFile,
  readText,
  type CatalogFile,
} from './files.ts';
import { instanceId } from './entry-ids.ts';
import { stack, type Layer, type LayeredCatalog } from './layers.ts';

export { bundledCatalogsFolder };

/** The bundled catalogs as they lie on disk: what other layers are laid over, and what has none. */
export interface BundledCatalogs {
  layers: Layer[];
  rest: Pick<Facts, 'engines' | 'calibrations'>;
  /** Version of this installation. */
  program: string;
  /** Hash of the content of all files. */
  hash: string;
}

/**
 * Everything the engine is told about the world, from a catalogs folder. Every file is checked against its schema and
 * every reference between files is resolved; throws fileError with file, field, value and cure. The same files always
 * give the same facts, in the order of the files' names and of their entries.
 */
export function loadFacts(catalogsFolder: string): Facts {
  const bundled = loadBundled(catalogsFolder);
  return factsOf(bundled, stack(bundled.layers), []);
}

/**
 * The facts of a catalog in force, with what the rules have against its prices. `upper`: what lies over the bundled files, in
 * words that differ where anything of it does; it becomes part of the catalog's version.
 */
export const factsOf = (bundled: BundledCatalogs, catalog: LayeredCatalog, upper: string[]): Facts =>
  withDoubts(plainFacts(bundled, catalog, upper));

/** The same facts before the rules have looked at them. */
export function plainFacts({ rest, program, hash }: BundledCatalogs, catalog: LayeredCatalog, upper: string[]): Facts {
  const instances = catalog.instances.map(instanceFromLayers);
  return {
    gpus: catalog.gpus.map(({ facts }) => gpuFromFile(facts)),
    instances,
    providers: catalog.providers.map(({ id, name, hasZones }) => ({ id, name, hasZones })),
    workloads: catalog.workloads.map(({ facts }) => workloadFromFile(facts)),
    ...rest,
    ...(catalog.headroom && { headroom: catalog.headroom }),
    versions: { configiq: program, engine: program, catalog: catalogVersion(instances, hash, upper) },
  };
}

/** Reads the folder. Throws what `loadFacts` throws. */
export function loadBundled(catalogsFolder: string): BundledCatalogs {
  const read: CatalogFile<unknown>[] = [];
  const readAll = <Content>(
    paths: string[],
    readOne: (path: string) => CatalogFile<Content>,
  ): CatalogFile<Content>[] => {
    const files = paths.map(readOne);
    read.push(...files);
    return files;
  };
  const folder = (name: string): string[] => listCatalogFiles(catalogsFolder, name);

  const gpuFiles = readAll(['gpus.json'], (path) => readCatalogFile(catalogsFolder, path, gpusFileSchema));
  const gpus = gpuFiles.flatMap(({ path, content }) => {
    refuseSharedNames(path, content.gpus);
    return content.gpus.map((facts) => ({ facts, asOf: content.retrieved }));
  });
  const gpuIds = gpus.map(({ facts }) => facts.id);

  const clouds = readAll(folder('clouds'), (path) => readCatalogFile(catalogsFolder, path, cloudFileSchema));
  const workloadFiles = readAll(folder('workloads'), (path) =>
    readCatalogFile(catalogsFolder, path, workloadsFileSchema),
  );
  const engineFiles = readAll(folder('engines'), (path) => readCatalogFile(catalogsFolder, path, engineFileSchema));
  const calibrations = readAll(folder('calibration'), (path) =>
    readCatalogFile(catalogsFolder, path, calibrationFileSchema),
  );

  for (const { path, content } of engineFiles) {
    for (const entry of content.versions)
      checkGpuIds(path, `versions[${entry.version}].small_gpus`, entry.small_gpus, gpuIds);
  }
  for (const { path, content } of calibrations) {
    for (const [name, family] of Object.entries(content.families)) {
      checkGpuIds(path, `families.${name}.gpuIds`, family.gpuIds, gpuIds);
    }
    checkGpuIds(path, 'gpuBandwidthFactors', Object.keys(content.gpuBandwidthFactors), gpuIds);
    checkGenerations(path, Object.keys(content.generations), engineFiles);
  }

  const cloudLayers = clouds.map(({ path, content }) => {
    checkGpuIds(
      path,
      'instances',
      content.instances.map(({ gpu }) => gpu),
      gpuIds,
    );
    const { provider, name, has_zones: hasZones } = content;
    return bundledLayer(path, {
      providers: [{ id: provider, name, hasZones }],
      instances: content.instances.map((entry) => instanceContent(path, content, entry)),
    });
  });
  refuseDuplicates(
    'clouds',
    'provider',
    clouds.map(({ content }) => content.provider),
  );
  refuseDuplicates(
    'clouds',
    'instance',
    cloudLayers.flatMap(({ content }) =>
      content.instances.map(({ provider, facts }) => instanceId(provider, facts.name)),
    ),
  );
  const workloads = workloadFiles.flatMap(({ content }) => content.workloads);
  refuseDuplicates(
    'workloads',
    'workload',
    workloads.map(({ name }) => name),
  );
  refuseDuplicates(
    'calibration',
    'profile',
    calibrations.map(({ content }) => content.name),
  );

  const rest = {
    engines: engineFiles
      .toSorted((a, b) => Number(isDefaultEngine(b)) - Number(isDefaultEngine(a)))
      .flatMap(({ content }) => enginesFromFile(content)),
    calibrations: calibrations.map(({ content }) => calibrationFromFile(content)),
  };
  refuseMissingDefaults({ workloads, ...rest });
  return {
    layers: [
      bundledLayer('gpus.json', { gpus }),
      ...cloudLayers,
      ...workloadFiles.map(({ path, content }) => bundledLayer(path, { workloads: content.workloads })),
    ],
    rest,
    program: packageVersion(),
    hash: hashOf(read),
  };
}

type Named = Pick<Facts, 'engines' | 'calibrations'> & { workloads: { name: string }[] };

const bundledLayer = (path: string, content: Partial<CatalogContent>): Layer => ({
  layer: 'bundled',
  origin: `catalogs/${path}`,
  content: { ...emptyContent(), ...content },
});

/** What every question falls back on, with the file each comes in: an installation without one is broken, not the question. */
const DEFAULTS: { folder: string; kind: string; name: string; file: string; names: (named: Named) => string[] }[] = [
  {
    folder: 'workloads',
    kind: 'workload',
    name: 'chat',
    file: 'seed.json',
    names: ({ workloads }) => workloads.map(({ name }) => name),
  },
  {
    folder: 'engines',
    kind: 'engine',
    name: 'vllm',
    file: 'vllm.json',
    names: ({ engines }) => engines.map(({ engine }) => engine),
  },
  {
    folder: 'calibration',
    kind: 'profile',
    name: DEFAULT_CALIBRATION,
    file: `${DEFAULT_CALIBRATION}.json`,
    names: ({ calibrations }) => calibrations.map(({ name }) => name),
  },
];

/** The engine that answers use unless told otherwise comes first. */
const isDefaultEngine = ({ content }: CatalogFile<{ engine: string }>): boolean =>
  DEFAULTS.some(({ kind, name }) => kind === 'engine' && name === content.engine);

function refuseMissingDefaults(named: Named): void {
  for (const { folder, kind, name, file, names } of DEFAULTS) {
    if (names(named).includes(name)) continue;
    throw catalogError(
      `${folder}/`,
      kind,
      `"${name}", which answers use unless told otherwise, is missing: restore ${folder}/${file} or install configiq again.`,
    );
  }
}

/** `2026-11-09+1a2b3c4d`: the newest price, and what tells two catalogs of the same day apart. */
function catalogVersion(instances: readonly Instance[], bundledHash: string, upper: readonly string[]): string {
  const hash =
    upper.length === 0
      ? bundledHash
      : createHash('sha256')
          .update([bundledHash, ...upper].join('\n'))
          .digest('hex');
  return `${priceDates(instances)?.newest ?? 'unpriced'}+${hash.slice(0, 8)}`;
}

function hashOf(files: readonly CatalogFile<unknown>[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    // A checkout may turn line ends round; the content is the same.
    hash.update(`${path}\n${text.replaceAll('\r\n', '\n')}\n`);
  }
  return hash.digest('hex');
}

function refuseSharedNames(path: string, gpus: readonly GpuFileEntry[]): void {
  const owners = new Map<string, string>();
  for (const { id, aliases } of gpus) {
    for (const name of [id, ...aliases]) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        throw catalogError(path, `gpus[${id}]`, `"${name}" already means ${owner}: ids and aliases must be unique.`);
      }
      owners.set(name, id);
    }
  }
}

function checkGpuIds(path: string, field: string, ids: readonly string[], known: readonly string[]): void {
  const knownIds = new Set(known);
  const unknown = ids.find((id) => !knownIds.has(id));
  if (unknown === undefined) return;
  throw catalogError(
    path,
    field,
    `unknown GPU "${unknown}": ${didYouMean(unknown, known)} GPUs are listed in gpus.json.`,
  );
}

function checkGenerations(
  path: string,
  known: string[],
  engines: CatalogFile<{ engine: string; versions: { version: string; generation: string }[] }>[],
): void {
  for (const { content } of engines) {
    for (const { version, generation } of content.versions) {
      if (known.includes(generation)) continue;
      const problem = `has no "${generation}", which ${content.engine} ${version} names: ${didYouMean(generation, known)}`;
      throw catalogError(path, 'generations', problem);
    }
  }
}

function refuseDuplicates(folder: string, kind: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw catalogError(`${folder}/`, kind, `"${name}" is there twice: remove one.`);
    seen.add(name);
  }
}

/** Version in the package.json of this installation, wherever the catalogs lie. */
function packageVersion(): string {
  const folder = dirname(bundledCatalogsFolder());
  const parsed = parseJson('package.json', readText(folder, 'package.json'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') {
    return parsed.version;
  }
  throw catalogError('package.json', 'version', 'is missing: install configiq again.');
}
