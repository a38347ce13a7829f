import type { z } from 'zod';
import {
  cloudFileSchema,
  gpuEntrySchema,
  instanceEntrySchema,
  offerSchema,
  type GpuFileEntry,
} from '../../../src-worker/protocol/catalog-files.ts';
import { issueWords } from '../../../src-worker/protocol/issues.ts';
import {
  contentWorkloadSchema,
  emptyContent,
  isPriced,
  type CatalogContent,
  type ContentInstance,
  type ContentOffer,
} from '../content.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import { gpuUnitProblem, hostMemoryGib, knownOf, unknownGpuWords, wrongUnitProblem, type Known } from './checks.ts';
import { JsonEntries } from './entry-places.ts';
import { isObject, type Json } from './json-fields.ts';
import type { JsonPath } from './json-places.ts';
import { JsonProblems, nameProblem, shown, unpricedWords } from './problems.ts';
import type { FormatReader, ReadCatalog } from './reader.ts';

/**
 * Files of our own schemas (catalogs/README.md): GPUs, one provider, workloads; or all of them in one file, as
 * `catalog export` writes it, with the providers under `clouds`. Every entry is checked by itself, so that the others can
 * be used.
 */
export const configiqReader: FormatReader = {
  format: 'configiq',
  recognizes(shape) {
    if (shape.kind !== 'json' || !isObject(shape.data)) return false;
    const { gpus, instances, clouds, workloads, schema_version: version } = shape.data;
    return version !== undefined && [gpus, instances, clouds, workloads].some(Array.isArray);
  },
  read(shape, { provider, beneath }) {
    const data = shape.kind === 'json' && isObject(shape.data) ? shape.data : {};
    const reading = new Reading(shape.text, data, knownOf(beneath), provider);
    reading.readFile(data);
    return reading.result(shape.text);
  },
};

const HEAD_SCHEMA = cloudFileSchema.omit({ instances: true });
const INSTANCE_SCHEMA = instanceEntrySchema.omit({ offers: true });
const KEYS = ['schema_version', 'retrieved', 'gpus', 'clouds', 'workloads'];

class Reading {
  readonly #known: Known;
  readonly #provider: string | null;
  readonly #content: CatalogContent = emptyContent();
  readonly #problems = new JsonProblems();
  readonly #places: JsonEntries;
  readonly #unpriced = new JsonProblems();
  /** Those beneath and those of the file. */
  readonly #gpus: Map<string, GpuFileEntry>;
  readonly #ownGpus = new Set<string>();
  /** Ids and aliases. */
  readonly #ownerOfName = new Map<string, string>();
  readonly #workloadNames = new Set<string>();
  #read = 0;

  constructor(text: string, data: Json, known: Known, provider: string | null) {
    this.#places = new JsonEntries(text, data);
    this.#known = known;
    this.#provider = provider;
    this.#gpus = new Map(known.gpus);
    for (const { id, aliases } of known.gpus.values()) {
      for (const name of [id, ...aliases]) this.#ownerOfName.set(name, id);
    }
  }

  result(text: string): ReadCatalog {
    const problems = this.#problems.inLines(text);
    return {
      content: this.#content,
      read: this.#read,
      problems,
      skipped: [],
      notes: [],
      oddities: [],
      unpriced: this.#unpriced.inLines(text),
      places: this.#places,
    };
  }

  readFile(data: Json): void {
    if (data['schema_version'] !== 1) {
      const words = `must be 1, got ${shown(data['schema_version'])}: this version of ConfigIQ reads no other`;
      this.#problems.add(['schema_version'], words);
      return;
    }
    const asOf = typeof data['retrieved'] === 'string' ? data['retrieved'] : null;
    this.#list(data['gpus'], ['gpus'], (entry, path) => this.#readGpu(entry, path, asOf));
    if (Array.isArray(data['instances'])) this.#readCloud(data, []);
    else this.#refuseKeys(data, KEYS);
    this.#list(data['clouds'], ['clouds'], (cloud, path) => this.#readCloud(cloud, path), false);
    this.#list(data['workloads'], ['workloads'], (entry, path) => this.#readWorkload(entry, path));
  }

  #list(value: unknown, path: JsonPath, readOne: (entry: unknown, path: JsonPath) => void, counts = true): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) {
      this.#problems.add(path, `must be a list, got ${shown(value)}`);
      return;
    }
    if (counts) this.#read += value.length;
    value.forEach((entry, index) => readOne(entry, [...path, index]));
  }

  #refuseKeys(data: Json, keys: readonly string[]): void {
    for (const key of Object.keys(data)) {
      if (!keys.includes(key))
        this.#problems.add([key], `is not a key that can stand there: it knows ${keys.join(', ')}`);
    }
  }

  /** The entry as the schema has it, or null after its problems were written down. */
  #checked<Schema extends z.ZodType>(schema: Schema, entry: unknown, path: JsonPath): z.output<Schema> | null {
    const checked = schema.safeParse(entry);
    if (checked.success) return checked.data;
    for (const issue of checked.error.issues) {
      const place = issue.path.filter((key) => typeof key !== 'symbol');
      const value = place.reduce<unknown>(
        (at, key) => (isObject(at) || Array.isArray(at) ? (at as Json)[key] : undefined),
        entry,
      );
      this.#problems.add([...path, ...place], issueWords(issue, { value }));
    }
    return null;
  }

  #readGpu(entry: unknown, path: JsonPath, asOf: string | null): void {
    const facts = this.#checked(gpuEntrySchema, entry, path);
    if (!facts) return;
    const found = gpuUnitProblem(facts, this.#known.gpus.get(facts.id)) ?? this.#sharedName(facts);
    if (found) this.#problems.add([...path, found.key], found.words);
    else {
      this.#content.gpus.push({ facts, asOf });
      this.#ownGpus.add(facts.id);
      this.#places.add(facts.id, path);
      this.#gpus.set(facts.id, facts);
      for (const name of [facts.id, ...facts.aliases]) this.#ownerOfName.set(name, facts.id);
    }
  }

  #sharedName(facts: GpuFileEntry): { key: string; words: string } | null {
    if (this.#ownGpus.has(facts.id)) return { key: 'id', words: `"${facts.id}" is there twice: remove one` };
    for (const name of [facts.id, ...facts.aliases]) {
      const owner = this.#ownerOfName.get(name);
      if (owner === undefined || owner === facts.id) continue;
      const key = name === facts.id ? 'id' : 'aliases';
      return { key, words: `"${name}" already means ${owner}: take another name` };
    }
    return null;
  }

  #readCloud(cloud: unknown, path: JsonPath): void {
    if (!isObject(cloud)) {
      this.#problems.add(path, `must be an object with a provider and its instances, got ${shown(cloud)}`);
      return;
    }
    const { instances, ...head } = cloud;
    if (Array.isArray(instances)) this.#read += instances.length;
    const checked = this.#checked(HEAD_SCHEMA, head, path);
    if (!checked) return;
    const provider = this.#provider ?? checked.provider;
    this.#places.add(provider, path);
    this.#content.providers.push({ id: provider, name: checked.name, hasZones: checked.has_zones });
    const names = new Set<string>();
    this.#list(
      instances,
      [...path, 'instances'],
      (entry, place) => {
        const offerPaths = new Map<string, JsonPath>();
        const instance = this.#instance(entry, place, provider, checked.sources, offerPaths);
        if (!instance) return;
        const { name } = instance.facts;
        if (names.has(name)) this.#problems.add([...place, 'name'], `"${name}" is there twice: remove one`);
        else this.#keep(instance, offerPaths, place);
        names.add(name);
      },
      false,
    );
  }

  #keep(instance: ContentInstance, offerPaths: ReadonlyMap<string, JsonPath>, path: JsonPath): void {
    const { provider, facts, offers } = instance;
    const id = instanceId(provider, facts.name);
    this.#content.instances.push(instance);
    this.#places.add(id, path, { keyPath: (key) => [keyIn(facts, key)] });
    for (const [region, place] of offerPaths) this.#places.add(offerId(provider, facts.name, region), place);
    const known =
      offers.length > 0 ? offers : (this.#known.instances.get(id)?.offers ?? []).map((offer) => offer.facts);
    if (!known.some(isPriced)) this.#unpriced.add([...path, 'offers'], unpricedWords(id));
  }

  /** `offerPaths` is filled with where its regions stand. */
  #instance(
    entry: unknown,
    path: JsonPath,
    provider: string,
    sources: Json,
    offerPaths: Map<string, JsonPath>,
  ): ContentInstance | null {
    const { offers, ...rest } = isObject(entry) ? entry : { offers: [] };
    const facts = this.#checked(INSTANCE_SCHEMA, isObject(entry) ? rest : entry, path);
    if (!facts) return null;
    const problem = this.#instanceProblem(facts, provider);
    if (problem) {
      this.#problems.add([...path, problem.key], problem.words);
      return null;
    }
    const read: ContentOffer[] = [];
    if (offers === undefined)
      this.#problems.add([...path, 'offers'], 'is missing: give a list, empty where no price is known');
    this.#list(
      offers,
      [...path, 'offers'],
      (offer, place) => {
        const taken = this.#offer(offer, place, sources);
        if (taken && offerPaths.has(taken.region)) {
          this.#problems.add([...place, 'region'], `"${taken.region}" is there twice: remove one`);
        } else if (taken) {
          offerPaths.set(taken.region, place);
          read.push(taken);
        }
      },
      false,
    );
    return { provider, facts, brings: 'entry', offers: read };
  }

  #instanceProblem(facts: z.output<typeof INSTANCE_SCHEMA>, provider: string): { key: string; words: string } | null {
    const words = nameProblem(facts.name);
    if (words !== null) return { key: 'name', words: `${shown(facts.name)} ${words}` };
    if (!this.#gpus.has(facts.gpu)) return { key: 'gpu', words: unknownGpuWords(facts.gpu, this.#gpus) };
    for (const [gib, gb] of [
      ['host_memory_gib', 'host_memory_gb'],
      ['local_ssd_gib', 'local_ssd_gb'],
    ] as const) {
      if ((facts[gib] === undefined) === (facts[gb] === undefined)) {
        return { key: gib, words: `and ${gb}: give exactly one of them, null where it is unknown` };
      }
    }
    const known = this.#known.instances.get(instanceId(provider, facts.name));
    const knownGib = known ? hostMemoryGib(known.facts) : null;
    if (knownGib === null) return null;
    const [key, unit] =
      typeof facts.host_memory_gib === 'number'
        ? (['host_memory_gib', 'GiB'] as const)
        : (['host_memory_gb', 'GB'] as const);
    const given = facts[key];
    const wrong = typeof given === 'number' ? wrongUnitProblem(given, unit, knownGib) : null;
    return wrong === null ? null : { key, words: wrong };
  }

  #offer(entry: unknown, path: JsonPath, sources: Json): ContentOffer | null {
    const offer = this.#checked(offerSchema, entry, path);
    if (!offer) return null;
    const problem = offerProblem(offer, sources);
    if (problem) {
      this.#problems.add([...path, problem.key], problem.words);
      return null;
    }
    const titleOf = (key: string | null): string | null => {
      const source = key === null ? undefined : sources[key];
      return isObject(source) && typeof source['title'] === 'string' ? source['title'] : null;
    };
    return { ...offer, source: titleOf(offer.source), zones_source: titleOf(offer.zones_source) };
  }

  #readWorkload(entry: unknown, path: JsonPath): void {
    const facts = this.#checked(contentWorkloadSchema, entry, path);
    if (!facts) return;
    if (this.#workloadNames.has(facts.name)) {
      this.#problems.add([...path, 'name'], `"${facts.name}" is there twice: remove one`);
    } else this.#content.workloads.push(facts);
    this.#workloadNames.add(facts.name);
  }
}

/** Rules name memory by one of its two keys; the file may have the other. */
function keyIn(facts: object, key: string): string {
  if (key in facts) return key;
  const other = key.endsWith('_gib') ? key.replace(/_gib$/, '_gb') : key.replace(/_gb$/, '_gib');
  return other in facts ? other : key;
}

function offerProblem(offer: ContentOffer, sources: Json): { key: string; words: string } | null {
  for (const name of [offer.region, ...offer.zones]) {
    const words = nameProblem(name);
    if (words !== null) return { key: name === offer.region ? 'region' : 'zones', words: `${shown(name)} ${words}` };
  }
  for (const key of ['source', 'zones_source'] as const) {
    const name = offer[key];
    if (name !== null && !Object.hasOwn(sources, name)) {
      return {
        key,
        words: `"${name}" is not in the file's "sources" (${Object.keys(sources).join(', ')}): add it there`,
      };
    }
  }
  if (isPriced(offer) && offer.source === null)
    return { key: 'source', words: 'is null, and a price needs one: say where it was read' };
  return null;
}
