import { basename, dirname } from 'node:path';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { CatalogProblem } from '../../../src-worker/protocol/catalog-api.ts';
import { plural } from '../../../src-worker/protocol/numbers.ts';
import { emptyContent, type ContentInstance } from '../content.ts';
import { instanceId } from '../entry-ids.ts';
import { knownOf } from './checks.ts';
import { eachCsvRow } from './csv-rows.ts';
import { spotBelowOnDemand, spotProblem } from '../rules/spot-below-on-demand.ts';
import { Counted, nameProblem, shown } from './problems.ts';
import { providerOf } from './provider.ts';
import type { FormatReader, ReadCatalog, ReadContext } from './reader.ts';
import { SkyDoubts } from './skypilot-doubts.ts';
import { gpuNames, isTpu } from './skypilot-gpus.ts';
import { hostPrices, NO_GPU, type HostRow } from './skypilot-hosts.ts';
import { SkyOffers } from './skypilot-offers.ts';

/**
 * `catalogs/vN/PROVIDER/vms.csv` of SkyPilot: one row per instance and region or zone, price of the whole instance. It
 * brings prices and zones; the hardware of an instance that is known stays as it is known.
 */
export const skypilotReader: FormatReader = {
  format: 'skypilot',
  recognizes: (shape) =>
    shape.kind === 'table' && ['InstanceType', 'Price', 'Region'].every((name) => shape.header.includes(name)),
  read: (shape, context) => readPrices(shape.text, context),
};

/** Figures of a row after its texts were checked. */
interface Row {
  line: number;
  instance: string;
  gpu: string;
  gpuCount: number | null;
  vcpus: number | null;
  memoryGib: number | null;
  price: number;
  spot: number | null;
  region: string;
  zone: string | null;
}

const COLUMNS = [
  'InstanceType',
  'AcceleratorName',
  'AcceleratorCount',
  'vCPUs',
  'MemoryGiB',
  'Price',
  'SpotPrice',
  'Region',
  'AvailabilityZone',
] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Record<Column, string>;

/** Stands for "unknown" in some sheets. */
const UNKNOWN_PRICE = 700;
const MOST_USD_PER_HOUR = 100_000;

function readPrices(text: string, context: ReadContext): ReadCatalog {
  const provider = providerOf(providerName(context), context.beneath);
  const sheet = new Sheet();
  const rows: Row[] = [];
  let read = 0;
  eachRow(text, context.fileName, (cells, line) => {
    read += 1;
    const row = sheet.check(cells, line);
    if (row) rows.push(row);
  });

  const known = knownOf(context.beneath);
  const doubts = new SkyDoubts(known.gpus);
  const gpus = gpuNames(context.beneath, provider.id);
  const offers = new SkyOffers(provider.id, sheet.notes, doubts);
  const { skipped, notes } = sheet;
  // Where GPUs are rows of their own, or always in Google's sheet, an instance's price is that of its host alone.
  const isHostOnly = provider.id === 'gcp' || rows.some(({ instance, gpu }) => instance === '' && gpu !== '');
  const hosts: HostRow[] = [];
  for (const row of rows) {
    const place = { region: row.region, zone: row.zone };
    const prices = { onDemand: row.price, spot: row.spot, line: row.line };
    if (isTpu(row.gpu)) skipped.add('TPUs, which are no GPUs');
    else if (isHostOnly && (row.gpu === '' || row.instance === '')) hosts.push({ ...row, ...place, ...prices });
    else if (row.instance === '') skipped.add('a GPU without an instance');
    else {
      const id = instanceId(provider.id, row.instance);
      const ours = known.instances.get(id)?.facts;
      const gpu = row.gpu === '' ? null : gpus.idOf(row.gpu, row.instance);
      if (ours) {
        noteDifferences(row, gpu, ours, notes);
        doubts.memory(id, row.memoryGib, ours, row.line);
        offers.add({ name: row.instance, gpu: ours.gpu, gpu_count: ours.gpu_count }, place, prices);
      } else if (row.gpu === '') skipped.add(NO_GPU);
      else if (gpu === null) {
        skipped.add(`a GPU without facts of ours: ${row.gpu}`);
        doubts.unknownGpu(row.gpu, row.line);
      } else if (row.gpuCount === null)
        sheet.problem(row.line, 'AcceleratorCount', 'is missing: give the GPUs of the instance');
      else {
        const facts = {
          name: row.instance,
          gpu,
          gpu_count: row.gpuCount,
          ...(row.vcpus !== null && { vcpus: row.vcpus }),
          ...(row.memoryGib !== null && { host_memory_gib: row.memoryGib }),
        };
        offers.add(facts, place, prices);
      }
    }
  }
  hostPrices(hosts, { provider: provider.id, beneath: context.beneath, gpus, offers, skipped, doubts });
  return {
    content: contentOf(provider, offers.instances()),
    read,
    problems: sheet.problems,
    skipped: skipped.list(),
    notes: notes.list().map(({ reason, count }) => (count > 1 ? `${reason} (${count} rows)` : reason)),
    oddities: doubts.list(),
    unpriced: sheet.unpriced(provider.id),
    places: offers.places,
  };
}

function contentOf(
  provider: { id: string; name: string | null },
  instances: ContentInstance[],
): ReadCatalog['content'] {
  const hasZones = instances.some(({ offers }) => offers.some(({ zones }) => zones.length > 0));
  return { ...emptyContent(), providers: [{ ...provider, hasZones }], instances };
}

/** Clouds that SkyPilot has folders for, besides those we know. */
const SKYPILOT_CLOUDS = [
  'cudo',
  'do',
  'fluidstack',
  'hyperstack',
  'ibm',
  'paperspace',
  'primeintellect',
  'scp',
  'seeweb',
  'shadeform',
  'vast',
  'verda',
  'vsphere',
];

/** As given, else the folder's name: `aws-v8` is a version of `aws`. */
function providerName({ provider, fileName, beneath }: ReadContext): string {
  if (provider !== null) return provider;
  const folder = basename(dirname(fileName.replaceAll('\\', '/')))
    .toLowerCase()
    .replace(/-v\d+$/, '');
  const known = [...beneath.providers.map(({ id }) => id), ...SKYPILOT_CLOUDS];
  if (known.includes(folder)) return folder;
  throw invalidInput(
    'catalog_provider_missing',
    `${fileName} does not say whose instances it lists: give the provider (--provider aws), or keep the file in a folder of its name.`,
    { file: fileName },
  );
}

function eachRow(text: string, fileName: string, take: (cells: Cells, line: number) => void): void {
  let places: number[] | null = null;
  eachCsvRow(text, fileName, (row, line) => {
    if (places) take(cellsOf(row, places), line);
    else places = COLUMNS.map((name) => row.indexOf(name));
  });
}

/** Columns by their header, whatever their order; one that is missing is empty. */
function cellsOf(row: readonly string[], places: readonly number[]): Cells {
  const cells = {} as Cells;
  COLUMNS.forEach((name, index) => (cells[name] = row[places[index] ?? -1] ?? ''));
  return cells;
}

/** Checks rows and remembers what was wrong with them. */
class Sheet {
  readonly problems: CatalogProblem[] = [];
  readonly skipped = new Counted();
  readonly notes = new Counted();
  readonly #unpriced = new Map<string, { line: number; region: string; places: number }>();

  problem(line: number, field: string, words: string, rule: string | null = null): null {
    this.problems.push({ line, field, sentence: `${field} ${words}${/[.?]$/.test(words) ? '' : '.'}`, rule });
    return null;
  }

  check(cells: Cells, line: number): Row | null {
    const instance = cells.InstanceType;
    const gpu = cells.AcceleratorName;
    for (const column of ['InstanceType', 'AcceleratorName', 'Region', 'AvailabilityZone'] as const) {
      const words = cells[column] === '' ? null : nameProblem(cells[column]);
      if (words !== null) return this.problem(line, column, `${shown(cells[column])} ${words}`);
    }
    if (instance === '' && gpu === '')
      return this.problem(line, 'InstanceType', 'is empty, and so is AcceleratorName: a row names one of them');
    if (cells.Region === '') return this.problem(line, 'Region', 'is empty: give the region the price is for');
    if (cells.Price === '') {
      this.skipped.add('no price: not offered there');
      this.#noteUnpriced(instance, cells.Region, line);
      return null;
    }
    const gpuCount = this.#number(cells, 'AcceleratorCount', line, 0, 1024);
    const price = this.#number(cells, 'Price', line, Number.MIN_VALUE, MOST_USD_PER_HOUR);
    const spot = this.#number(cells, 'SpotPrice', line, Number.MIN_VALUE, MOST_USD_PER_HOUR);
    const vcpus = this.#number(cells, 'vCPUs', line, 0, 100_000);
    const memoryGib = this.#number(cells, 'MemoryGiB', line, 0, 1e6);
    if ([gpuCount, price, spot, vcpus, memoryGib].includes('problem')) return null;
    if (typeof price !== 'number') return null;
    if (price === UNKNOWN_PRICE) {
      this.skipped.add(`a price of ${UNKNOWN_PRICE}, which stands for unknown`);
      return null;
    }
    const known = (value: number | 'problem' | null): number | null =>
      typeof value === 'number' && value > 0 ? value : null;
    const ownSpot = this.#spot(known(spot), known(price));
    const spotWords = spotProblem(known(price), ownSpot);
    if (spotWords !== null) return this.problem(line, 'SpotPrice', `${ownSpot} ${spotWords}`, spotBelowOnDemand.name);
    return {
      line,
      instance,
      gpu,
      gpuCount: known(gpuCount),
      vcpus: known(vcpus),
      memoryGib: known(memoryGib),
      price,
      spot: ownSpot,
      region: cells.Region,
      zone: cells.AvailabilityZone === '' ? null : cells.AvailabilityZone,
    };
  }

  #number(cells: Cells, column: Column, line: number, least: number, most: number): number | 'problem' | null {
    const text = cells[column];
    if (text === '') return null;
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const bound = least > 0 ? `above 0 and at most ${most}` : `from ${least} to ${most}`;
    this.problem(
      line,
      column,
      `must be a number ${bound}, got ${shown(text)}: mend it, or leave it empty where it is unknown`,
    );
    return 'problem';
  }

  #spot(spot: number | null, price: number | null): number | null {
    if (spot === null) return null;
    if (spot === UNKNOWN_PRICE) this.notes.add(`A spot price of ${UNKNOWN_PRICE} stands for unknown.`);
    else if (spot === price) this.notes.add('A spot price that repeats the on-demand price is none.');
    else return spot;
    return null;
  }

  #noteUnpriced(instance: string, region: string, line: number): void {
    if (instance === '') return;
    const known = this.#unpriced.get(instance);
    if (known) known.places += 1;
    else this.#unpriced.set(instance, { line, region, places: 1 });
  }

  /** One for each instance that some row has without a price, at the first of these rows. */
  unpriced(provider: string): CatalogProblem[] {
    return [...this.#unpriced].map(([instance, { line, region, places }]) => {
      const more = places > 1 ? ` and ${plural(places - 1, 'place')} more` : '';
      const sentence = `Price is empty for ${instanceId(provider, instance)} in ${region}${more}: it is taken as not offered there.`;
      return { line, field: 'Price', sentence, rule: null };
    });
  }
}

function noteDifferences(
  { instance, gpu: name, gpuCount }: Row,
  gpu: string | null,
  ours: { gpu: string; gpu_count: number },
  notes: Counted,
): void {
  if (name === '') {
    notes.add(`${instance}: the file names no GPU; ours are ${ours.gpu_count} × ${ours.gpu}.`);
    return;
  }
  if (gpu !== ours.gpu) notes.add(`${instance}: the file says ${name}, ours is ${ours.gpu}: ours counts.`);
  if (gpuCount !== null && gpuCount !== ours.gpu_count) {
    notes.add(`${instance}: the file says ${gpuCount} GPUs, ours are ${ours.gpu_count}: ours count.`);
  }
}
