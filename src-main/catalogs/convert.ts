import type { CalibrationProfile } from '../../src-worker/engine/calibration/types.ts';
import type { Gpu, Instance, RegionOffer } from '../../src-worker/engine/hardware/types.ts';
import type {
  EngineCommands,
  EngineDefaults,
  MemoryRule,
  SeparatePrefill,
} from '../../src-worker/engine/memory/types.ts';
import {
  bytesFromGb,
  bytesFromGib,
  bytesPerSFromGbPerS,
  flopPerSFromTflops,
  MS_PER_S,
} from '../../src-worker/engine/units.ts';
import type { Target, Workload } from '../../src-worker/engine/workload/types.ts';
import type {
  CalibrationFile,
  CloudFile,
  EngineFile,
  GpuFileEntry,
  InstanceFileEntry,
  OfferFileEntry,
} from '../../src-worker/protocol/catalog-files.ts';
import type { ContentInstance, ContentOffer, ContentWorkload } from './content.ts';
import { catalogError } from './files.ts';
import type { Corrections, LayeredInstance } from './layers.ts';

/** From the catalogs' data-sheet units to the engine's, in one place. */

export function gpuFromFile(entry: GpuFileEntry): Gpu {
  return {
    id: entry.id,
    name: entry.name,
    aliases: entry.aliases,
    vendor: entry.vendor,
    architecture: entry.architecture,
    formFactor: entry.form_factor,
    marketedMemoryGb: entry.memory_marketed_gb,
    usableMemoryBytes: bytesFromGib(entry.memory_usable_gib),
    memoryType: entry.memory_type,
    memoryBandwidthBytesPerS: bytesPerSFromGbPerS(entry.memory_bandwidth_gb_per_s),
    peaks: {
      fp16FlopPerS: flopPerSFromTflops(entry.fp16_dense_tflops),
      ...(entry.fp8_dense_tflops !== undefined && { fp8FlopPerS: flopPerSFromTflops(entry.fp8_dense_tflops) }),
      ...(entry.int8_dense_tops !== undefined && { int8OpPerS: flopPerSFromTflops(entry.int8_dense_tops) }),
      ...(entry.fp4_dense_tflops !== undefined && { fp4FlopPerS: flopPerSFromTflops(entry.fp4_dense_tflops) }),
    },
    supportsBf16: entry.supports_bf16,
    computeCapability: entry.compute_capability,
    linkKind: entry.link_kind,
    linkBandwidthPerDirectionBytesPerS: orNull(entry.link_gb_per_s_per_direction, bytesPerSFromGbPerS),
    pcieBandwidthPerDirectionBytesPerS: orNull(entry.pcie_gb_per_s_per_direction, bytesPerSFromGbPerS),
    ...(entry.pcie_peer_to_peer === false && { isPcieStaged: true }),
    source: entry.source,
    notes: entry.notes,
  };
}

export function instanceFromLayers({ provider, facts, offers, layer }: LayeredInstance): Instance {
  return {
    provider,
    name: facts.name,
    family: facts.family,
    gpuId: facts.gpu,
    gpuCount: facts.gpu_count,
    vcpus: facts.vcpus,
    hostMemoryBytes: bytesOf(facts.host_memory_gib, facts.host_memory_gb),
    interconnect: facts.interconnect,
    interconnectBandwidthPerDirectionBytesPerS: orNull(facts.link_gb_per_s_per_direction, bytesPerSFromGbPerS),
    localSsdBytes: bytesOf(facts.local_ssd_gib, facts.local_ssd_gb),
    status: facts.status,
    notes: facts.notes,
    layer,
    offers: offers.map(({ facts: offer, corrections }) => ({
      ...offerFromContent(offer),
      ...correctedOn(corrections),
    })),
  };
}

function correctedOn(corrections: Corrections): Pick<RegionOffer, 'correctedOn'> {
  const dayOf = (key: string): string | undefined => corrections[key]?.correctedAt.slice(0, 'YYYY-MM-DD'.length);
  const [onDemand, spot] = [dayOf('on_demand_usd_per_hour'), dayOf('spot_usd_per_hour')];
  if (onDemand === undefined && spot === undefined) return {};
  return { correctedOn: { ...(onDemand !== undefined && { onDemand }), ...(spot !== undefined && { spot }) } };
}

export function offerFromContent(offer: ContentOffer): RegionOffer {
  const isPriced = offer.on_demand_usd_per_hour !== null || offer.spot_usd_per_hour !== null;
  return {
    region: offer.region,
    onDemandUsdPerHour: offer.on_demand_usd_per_hour,
    spotUsdPerHour: offer.spot_usd_per_hour,
    priceAsOf: isPriced ? offer.as_of : null,
    priceSource: isPriced ? offer.source : null,
    zones: offer.zones,
    ...(offer.zone_prices && {
      zonePrices: offer.zone_prices.map((price) => ({
        zone: price.zone,
        onDemandUsdPerHour: price.on_demand_usd_per_hour,
        spotUsdPerHour: price.spot_usd_per_hour,
      })),
    }),
  };
}

/** An instance of a cloud file with the titles of its sources. Throws catalogError. */
export function instanceContent(path: string, file: CloudFile, entry: InstanceFileEntry): ContentInstance {
  const { offers, ...facts } = entry;
  checkOneUnit(path, entry, 'host_memory_gib', 'host_memory_gb');
  checkOneUnit(path, entry, 'local_ssd_gib', 'local_ssd_gb');
  return {
    provider: file.provider,
    facts,
    brings: 'entry',
    offers: offers.map((offer) => offerContent(path, file, entry, offer)),
  };
}

function offerContent(path: string, file: CloudFile, instance: InstanceFileEntry, offer: OfferFileEntry): ContentOffer {
  const field = `instances[${instance.name}].offers[${offer.region}]`;
  const isPriced = offer.on_demand_usd_per_hour !== null || offer.spot_usd_per_hour !== null;
  if (isPriced && (offer.source === null || offer.as_of === null)) {
    throw catalogError(path, field, 'a price needs "source" and "as_of": say where and when it was read.');
  }
  return {
    ...offer,
    source: isPriced ? titleOf(path, `${field}.source`, file, offer.source) : null,
    zones_source: titleOf(path, `${field}.zones_source`, file, offer.zones_source),
  };
}

function titleOf(path: string, field: string, file: CloudFile, key: string | null): string | null {
  if (key === null) return null;
  const source = file.sources[key];
  if (!source) {
    throw catalogError(
      path,
      field,
      `"${key}" is not in the file's "sources" (${Object.keys(file.sources).join(', ')}): add it there.`,
    );
  }
  return source.title;
}

export function workloadFromFile(entry: ContentWorkload): Workload {
  // The keys of the record were checked against the metric names.
  const gating = Object.entries(entry.targets_ms) as [Target['metric'], number][];
  const targets: Target[] = gating.map(([metric, targetMs]) => ({
    metric,
    targetMs,
    isGating: true,
    outputTokens: null,
  }));
  if (entry.e2e_target) {
    const { p50_ms: targetMs, output_tokens: outputTokens } = entry.e2e_target;
    targets.push({ metric: 'e2e_p50', targetMs, isGating: false, outputTokens });
  }
  return {
    name: entry.name,
    description: entry.description,
    input: entry.input_tokens,
    context: entry.context_tokens,
    output: entry.output_tokens,
    arrival: arrivalOf(entry.arrival),
    peakFactor: entry.peak_factor,
    targets,
    prefixCache: entry.prefix_cache && {
      hitFraction: entry.prefix_cache.hit_rate,
      cacheableFraction: entry.prefix_cache.cacheable_ratio,
    },
    source: entry.source,
  };
}

/** Arrivals that bring more than one other each would never end: their decay is not taken. */
function arrivalOf({ process, burstiness, hawkes }: ContentWorkload['arrival']): Workload['arrival'] {
  if (!hawkes || hawkes.excitation_per_s >= hawkes.decay_per_s) return { process, burstiness };
  return {
    process,
    burstiness,
    hawkes: { branching: hawkes.excitation_per_s / hawkes.decay_per_s, decayPerMs: hawkes.decay_per_s / MS_PER_S },
  };
}

type EngineFileVersion = EngineFile['versions'][number];

export function enginesFromFile(file: EngineFile): EngineDefaults[] {
  return file.versions.map((entry) => ({
    engine: file.engine,
    version: entry.version,
    generation: entry.generation,
    large: limits(entry.large),
    small: limits(entry.small),
    largeGpuMemoryBytes: bytesFromGib(entry.large_gpu_memory_gib),
    smallGpuIds: entry.small_gpus,
    gpuMemoryUtilization: entry.gpu_memory_utilization,
    memoryRule: memoryRule(entry.memory_rule),
    separatePrefill: separatePrefill(entry.separate_prefill),
    kvBlockTokens: entry.kv_block_tokens,
    vendors: entry.vendors,
    minComputeCapability: entry.min_compute_capability,
    hasCudaGraphsInBudget: entry.cuda_graphs_in_budget,
    hasHybridKvCache: entry.hybrid_kv_cache,
    lowestCapability: entry.lowest_capability,
    lowestCapabilityOfMethod: entry.lowest_capability_of_method,
    unsupportedLayers: entry.unsupported_layers,
    lowestCapabilityOfLayer: entry.lowest_capability_of_layer,
    lowestCapabilityOfFp8Cache: entry.lowest_capability_of_fp8_cache,
    fp8CacheWith: entry.fp8_cache_with,
    command: entry.command && commands(entry.command),
    source: entry.source,
  }));
}

export function calibrationFromFile(file: CalibrationFile): CalibrationProfile {
  return {
    name: file.name,
    description: file.description,
    source: file.source,
    constants: file.constants,
    families: file.families,
    gpuBandwidthFactors: file.gpuBandwidthFactors,
    precisionComputeFactors: file.precisionComputeFactors,
    precisionBandwidthFactors: file.precisionBandwidthFactors,
    allReduceUs: file.allReduceUs,
    generations: file.generations,
    ...(file.ranges && { ranges: file.ranges }),
    ...(file.notes && { notes: file.notes }),
    ...(file.residuals && { residuals: file.residuals }),
    ...(file.coverage && { coverage: file.coverage }),
    ...(file.ownErrors && { ownErrors: file.ownErrors }),
    ...(file.fittedRows && { fittedRows: file.fittedRows }),
    ...(file.evidence && { evidence: file.evidence }),
  };
}

function memoryRule(rule: EngineFileVersion['memory_rule']): MemoryRule {
  switch (rule.kind) {
    case 'share_of_total':
      return { kind: rule.kind, activationBytesPerTokenHidden: rule.activation_bytes_per_token_hidden };
    case 'share_of_free':
      return { kind: rule.kind, reserveBytes: bytesFromGib(rule.reserve_gib) };
    case 'static_share':
      return { kind: rule.kind, shareFromGpus: rule.share_from_gpus.toSorted((a, b) => b.gpus - a.gpus) };
  }
}

const separatePrefill = (entry: EngineFileVersion['separate_prefill']): SeparatePrefill | null =>
  entry && {
    upToContextTokens: entry.up_to_context_tokens,
    hasWholePrompts: entry.whole_prompts,
    maxNumBatchedTokensAbove: entry.max_num_batched_tokens_above,
  };

const commands = (entry: NonNullable<EngineFileVersion['command']>): EngineCommands => ({
  serve: entry.serve,
  benchmark: entry.benchmark,
  dataParallelFlag: entry.data_parallel_flag,
  prefixCaching: {
    isDefault: entry.prefix_caching.default,
    onFlag: entry.prefix_caching.on_flag,
    offFlag: entry.prefix_caching.off_flag,
  },
  hasChunkedPrefill: entry.chunked_prefill,
  quantizedWhileLoading: entry.quantized_while_loading,
  checkpointMethods: entry.checkpoint_methods,
  bfloat16Architectures: entry.bfloat16_architectures,
});

const limits = (entry: EngineFileVersion['large']): EngineDefaults['large'] => ({
  maxNumBatchedTokens: entry.max_num_batched_tokens,
  maxNumSeqs: entry.max_num_seqs,
});

const orNull = (value: number | null, convert: (value: number) => number): number | null =>
  value === null ? null : convert(value);

/** Providers publish memory in GiB or in GB; the file keeps the unit in the key instead of converting by hand. */
function bytesOf(gib: number | null | undefined, gb: number | null | undefined): number | null {
  if (gib !== undefined) return orNull(gib, bytesFromGib);
  return orNull(gb ?? null, bytesFromGb);
}

function checkOneUnit(
  path: string,
  entry: InstanceFileEntry,
  gibKey: 'host_memory_gib' | 'local_ssd_gib',
  gbKey: 'host_memory_gb' | 'local_ssd_gb',
): void {
  if ((entry[gibKey] === undefined) !== (entry[gbKey] === undefined)) return;
  throw catalogError(
    path,
    `instances[${entry.name}]`,
    `needs exactly one of ${gibKey} and ${gbKey} (null when unknown).`,
  );
}
