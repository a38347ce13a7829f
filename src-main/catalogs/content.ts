import { z } from 'zod';
import {
  gpuEntrySchema,
  instanceEntrySchema,
  offerSchema,
  workloadEntrySchema,
  type GpuFileEntry,
  type InstanceFileEntry,
} from '../../src-worker/protocol/catalog-files.ts';

/**
 * What a catalog file says, whatever its format, in the keys and units of our own files: what every reader gives, what an
 * import keeps in the database, and what layers are made of.
 */

const text = z.string().min(1);

/** Keys of an instance that lies in a cloud file, without its offers. */
export type InstanceFacts = Omit<InstanceFileEntry, 'offers'>;

/** What a file says of an instance: name, GPU and count at least. What is not said comes from the layer beneath. */
const givenFactsSchema = instanceEntrySchema.omit({ offers: true }).partial().required({
  name: true,
  gpu: true,
  gpu_count: true,
});
export type GivenFacts = { [Key in keyof InstanceFacts]?: InstanceFacts[Key] } & Pick<
  InstanceFacts,
  'name' | 'gpu' | 'gpu_count'
>;

/** As in a cloud file, with the title of its source in the place of the key. */
const contentOfferSchema = offerSchema;
export type ContentOffer = z.output<typeof contentOfferSchema>;

export const isPriced = (offer: Pick<ContentOffer, 'on_demand_usd_per_hour' | 'spot_usd_per_hour'>): boolean =>
  offer.on_demand_usd_per_hour !== null || offer.spot_usd_per_hour !== null;

const contentInstanceSchema = z.strictObject({
  provider: text,
  facts: givenFactsSchema,
  /**
   * `entry`: the file's instance takes the place of one of the same name, its other regions with it, where it has offers.
   * `prices`: it brings prices only; facts that are known win, and regions it does not name stay.
   */
  brings: z.enum(['entry', 'prices']),
  offers: z.array(contentOfferSchema),
});
export type ContentInstance = Omit<z.output<typeof contentInstanceSchema>, 'facts'> & { facts: GivenFacts };

/** Any name that fits into a line: a seed file names workloads as it likes. */
export const contentWorkloadSchema = workloadEntrySchema.extend({ name: text.max(100) });
export type ContentWorkload = z.output<typeof contentWorkloadSchema>;

const headroomPointSchema = z.strictObject({
  percent: z.number().min(0).max(100),
  utilizationTarget: z.number().positive().max(1),
  burstFactor: z.number().min(1).max(1000),
});
export type HeadroomPoint = z.output<typeof headroomPointSchema>;

/** Contents of databases of other versions are told by it. */
export const CONTENT_VERSION = 1;

export const contentSchema = z.strictObject({
  version: z.literal(CONTENT_VERSION),
  gpus: z.array(z.strictObject({ facts: gpuEntrySchema, asOf: z.string().nullable() })),
  providers: z.array(z.strictObject({ id: text, name: text.nullable(), hasZones: z.boolean() })),
  instances: z.array(contentInstanceSchema),
  workloads: z.array(contentWorkloadSchema),
  /** Rising by percent; null = the file has none. */
  headroom: z.array(headroomPointSchema).min(1).nullable(),
});

export interface CatalogContent {
  version: typeof CONTENT_VERSION;
  gpus: { facts: GpuFileEntry; asOf: string | null }[];
  providers: { id: string; name: string | null; hasZones: boolean }[];
  instances: ContentInstance[];
  workloads: ContentWorkload[];
  headroom: HeadroomPoint[] | null;
}

export const emptyContent = (): CatalogContent => ({
  version: CONTENT_VERSION,
  gpus: [],
  providers: [],
  instances: [],
  workloads: [],
  headroom: null,
});
