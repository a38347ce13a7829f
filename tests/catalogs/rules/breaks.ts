import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkHardware } from '../../../src-main/catalogs/check.ts';
import type { CatalogIssue } from '../../../src-main/catalogs/rules/types.ts';
import type {
  CloudFile,
  GpuFileEntry,
  GpusFile,
  InstanceFileEntry,
  OfferFileEntry,
} from '../../../src-worker/protocol/catalog-files.ts';
import { copyOfCatalogs } from '../folder.ts';

/** What is odd about the bundled facts and still true, each with the reason to leave it. */
export const KNOWN_WARNINGS: Record<string, string> = {
  'dense-siblings nvidia-l40s fp16_dense_tflops':
    'the L40 is the same chip with its tensor rate halved: 181.05 and 362.05 are both dense in their data sheets',
  'retired-instances lambda/gpu_8x_v100 status': 'Lambda still lists it beside its newest',
  'spot-plausible gcp/a3-highgpu-1g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-2g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-4g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-8g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
};

export const keyOf = ({ rule, entry, field }: CatalogIssue): string => `${rule} ${entry} ${field}`;
/** One place of the bundled files that a person got wrong. */
export interface Break {
  rule: string;
  what: string;
  /** What the issue must name. */
  entry: string;
  field: string;
  severity?: CatalogIssue['severity'];
  says: RegExp;
  change: (files: Files) => void;
}

/** The files of a copy, read and written as JSON. */
export class Files {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #edit<Content>(path: string, change: (content: Content) => void): void {
    const file = join(this.#folder, path);
    const content = JSON.parse(readFileSync(file, 'utf8')) as Content;
    change(content);
    writeFileSync(file, JSON.stringify(content));
  }

  gpu(id: string, change: Partial<GpuFileEntry>): void {
    this.#edit<GpusFile>('gpus.json', ({ gpus }) =>
      Object.assign(
        found(gpus, ({ id: own }) => own === id),
        change,
      ),
    );
  }

  cloud(provider: string, change: (file: CloudFile) => void): void {
    this.#edit(`clouds/${provider}.json`, change);
  }

  instance(provider: string, name: string, change: Partial<InstanceFileEntry>): void {
    this.cloud(provider, (file) => Object.assign(instanceOf(file, name), change));
  }

  offer(provider: string, name: string, region: string, change: Partial<OfferFileEntry>): void {
    this.cloud(provider, (file) =>
      Object.assign(
        found(instanceOf(file, name).offers, (offer) => offer.region === region),
        change,
      ),
    );
  }
}

export function found<Entry>(entries: readonly Entry[], isIt: (entry: Entry) => boolean): Entry {
  return entries.find(isIt) ?? expect.fail('the entry that the test breaks is gone');
}

export const instanceOf = (file: CloudFile, name: string): InstanceFileEntry =>
  found(file.instances, (entry) => entry.name === name);

/** How the GPUs of an instance meet. */
export function joined(
  interconnect: InstanceFileEntry['interconnect'],
  link: number | null,
): Pick<InstanceFileEntry, 'interconnect' | 'link_gb_per_s_per_direction'> {
  return { interconnect, link_gb_per_s_per_direction: link };
}

/** What the rules say about a broken copy beyond what is known of the bundled files. */
export function newIssues(change: (files: Files) => void): CatalogIssue[] {
  const folder = copyOfCatalogs();
  change(new Files(folder));
  return checkHardware(folder).issues.filter((issue) => !(keyOf(issue) in KNOWN_WARNINGS));
}
