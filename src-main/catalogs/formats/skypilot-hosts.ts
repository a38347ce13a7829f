import type { InstanceFacts } from '../content.ts';
import type { LayeredCatalog } from '../layers.ts';
import type { Counted } from './problems.ts';
import type { SkyDoubts } from './skypilot-doubts.ts';
import type { GpuNames } from './skypilot-gpus.ts';
import type { Place, Prices, SkyOffers } from './skypilot-offers.ts';

/** Machines without a GPU, mostly; a few have one that neither the sheet nor a catalog of ours names. */
export const NO_GPU = 'no GPU named, and none known of ours';

/** A host without its GPUs, or GPUs without a host. */
export interface HostRow extends Place, Prices {
  instance: string;
  gpu: string;
  gpuCount: number | null;
}

interface Joining {
  provider: string;
  beneath: LayeredCatalog;
  gpus: GpuNames;
  offers: SkyOffers;
  skipped: Counted;
  doubts: SkyDoubts;
}

/**
 * Google's sheet prices hosts and GPUs apart: an instance costs its host plus its GPUs, as far as both are priced in the
 * same zone. Which GPUs a host has is our own fact; `n1-standard-8+1xt4` of ours is the host `n1-standard-8` with a T4.
 */
export function hostPrices(
  rows: readonly HostRow[],
  { provider, beneath, gpus, offers, skipped, doubts }: Joining,
): void {
  const gpuPrices = new Map<string, HostRow>();
  for (const row of rows) {
    if (row.instance !== '') continue;
    const id = gpus.idOf(row.gpu);
    if (id === null) {
      skipped.add(`a GPU without facts of ours: ${row.gpu}`);
      doubts.unknownGpu(row.gpu, row.line);
    } else if (row.gpuCount !== null) {
      const key = gpuKey(id, isMega(row.gpu), row.gpuCount, row);
      const first = gpuPrices.get(key);
      if (first) {
        skipped.add('a row that repeats another of its place');
        doubts.contradict(`${row.gpu} in ${row.zone ?? row.region}`, first, row, 'first');
      } else gpuPrices.set(key, row);
    }
  }
  const byHost = new Map<string, InstanceFacts[]>();
  for (const { provider: owner, facts } of beneath.instances) {
    if (owner !== provider) continue;
    const host = facts.name.split('+')[0] ?? facts.name;
    byHost.set(host, [...(byHost.get(host) ?? []), facts]);
  }
  const used = new Set<HostRow>();
  for (const row of rows) {
    if (row.instance === '') continue;
    const instances = byHost.get(row.instance) ?? [];
    if (instances.length === 0) skipped.add(NO_GPU);
    let isPriced = false;
    for (const facts of instances) {
      const gpu = gpuPrices.get(gpuKey(facts.gpu, isMega(facts.name), facts.gpu_count, row));
      if (!gpu) continue;
      isPriced = true;
      used.add(gpu);
      const spot = row.spot === null || gpu.spot === null ? null : row.spot + gpu.spot;
      const { name, gpu: id, gpu_count: count } = facts;
      offers.add({ name, gpu: id, gpu_count: count }, row, {
        onDemand: toCents(row.onDemand + gpu.onDemand),
        spot: spot && toCents(spot),
        line: row.line,
      });
    }
    if (instances.length > 0 && !isPriced) skipped.add('hosts whose GPUs have no price in their zone');
  }
  for (const row of gpuPrices.values())
    if (!used.has(row)) skipped.add('GPUs without a host that we know in their zone');
}

/** Sums of prices have no more digits than their parts: 10^-6 dollars. */
const toCents = (usd: number): number => Math.round(usd * 1e6) / 1e6;

/** The same chip has two prices there: that of A3 Mega, and that of A3 High. */
const isMega = (name: string): boolean => /mega/i.test(name);

const gpuKey = (id: string, isOfMega: boolean, count: number, { region, zone }: Place): string =>
  [id, isOfMega ? 'mega' : '', count, zone ?? region].join(' ');
