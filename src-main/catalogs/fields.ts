/** How the facts of an entry are shown and which of them a person may correct. Keys are those of the catalog files. */
export interface FieldSpec {
  key: string;
  label: string;
  /** Empty where it has none. */
  unit: string;
  canBeCorrected: boolean;
  kind: 'number' | 'text' | 'boolean';
  /** True where an entry without the key says that there is none: a peak that a GPU lacks. */
  isAbsentWhenNull?: true;
}

const fact = (key: string, label: string, unit = ''): FieldSpec => ({
  key,
  label,
  unit,
  canBeCorrected: true,
  kind: 'number',
});
const text = (key: string, label: string): FieldSpec => ({ ...fact(key, label), kind: 'text' });
const name = (key: string, label: string): FieldSpec => ({ ...text(key, label), canBeCorrected: false });
const figure = (key: string, label: string, unit: string): FieldSpec => ({
  ...fact(key, label, unit),
  canBeCorrected: false,
});
const peak = (key: string, label: string, unit: string): FieldSpec => ({
  ...fact(key, label, unit),
  isAbsentWhenNull: true,
});

export const GPU_FIELDS: readonly FieldSpec[] = [
  name('vendor', 'Vendor'),
  name('architecture', 'Architecture'),
  name('form_factor', 'Form factor'),
  fact('memory_marketed_gb', 'Memory as sold', 'GB'),
  fact('memory_driver_gib', 'Memory as the driver reports it', 'GiB'),
  fact('memory_usable_gib', 'Memory an engine can use', 'GiB'),
  name('memory_usable_basis', 'Usable memory from'),
  name('memory_type', 'Memory type'),
  fact('memory_bandwidth_gb_per_s', 'Memory bandwidth', 'GB/s'),
  fact('fp16_dense_tflops', 'FP16 and BF16 peak, dense', 'TFLOP/s'),
  peak('fp8_dense_tflops', 'FP8 peak, dense', 'TFLOP/s'),
  peak('int8_dense_tops', 'INT8 peak, dense', 'TOP/s'),
  peak('fp4_dense_tflops', 'FP4 peak, dense', 'TFLOP/s'),
  { ...fact('supports_bf16', 'BF16'), kind: 'boolean' },
  text('compute_capability', 'Compute capability'),
  text('link_kind', 'Link'),
  fact('link_gb_per_s_per_direction', 'Link, one direction', 'GB/s'),
  fact('pcie_gb_per_s_per_direction', 'PCIe, one direction', 'GB/s'),
  { ...fact('pcie_peer_to_peer', 'PCIe peer to peer'), kind: 'boolean', isAbsentWhenNull: true },
  { ...name('pcie_peer_to_peer_basis', 'PCIe peer to peer from'), isAbsentWhenNull: true },
  fact('tdp_watts', 'Power', 'W'),
];

export const INSTANCE_FIELDS: readonly FieldSpec[] = [
  name('family', 'Family'),
  name('gpu', 'GPU'),
  fact('gpu_count', 'GPUs'),
  fact('vcpus', 'vCPUs'),
  fact('host_memory_gib', 'Host memory', 'GiB'),
  fact('host_memory_gb', 'Host memory', 'GB'),
  text('interconnect', 'Link between GPUs'),
  fact('link_gb_per_s_per_direction', 'Link per GPU, one direction', 'GB/s'),
  fact('network_gbit_per_s', 'Network', 'Gbit/s'),
  fact('local_ssd_gib', 'Local SSD', 'GiB'),
  fact('local_ssd_gb', 'Local SSD', 'GB'),
  text('status', 'Status'),
];

export const PRICE_FIELDS: readonly FieldSpec[] = [
  fact('on_demand_usd_per_hour', 'On demand', 'USD/h'),
  fact('spot_usd_per_hour', 'Spot', 'USD/h'),
];

/** Paths into an entry of a workload file. */
export const WORKLOAD_FIELDS: readonly FieldSpec[] = [
  ...(['input', 'context', 'output'] as const).flatMap((part) => {
    const label = { input: 'Prompt', context: 'Context', output: 'Answer' }[part];
    return (['mean', 'std', 'min', 'max'] as const).map((bound) =>
      figure(
        `${part}_tokens.${bound}`,
        `${label}, ${{ mean: 'mean', std: 'standard deviation', min: 'least', max: 'most' }[bound]}`,
        'tokens',
      ),
    );
  }),
  name('arrival.process', 'Arrivals'),
  name('arrival.burstiness', 'Burstiness'),
  name('peak_factor', 'Peak over mean'),
  ...(['ttft', 'tpot'] as const).flatMap((metric) =>
    (['mean', 'p50', 'p95', 'p99'] as const).map((level) =>
      figure(
        `targets_ms.${metric}_${level}`,
        `${metric.toUpperCase()} ${level === 'mean' ? 'mean' : level.toUpperCase()} target`,
        'ms',
      ),
    ),
  ),
  figure('e2e_target.p50_ms', 'E2E target, shown only', 'ms'),
  figure('e2e_target.output_tokens', 'E2E target is for', 'tokens'),
  name('prefix_cache.hit_rate', 'Prefix cache hit rate'),
  name('prefix_cache.cacheable_ratio', 'Cacheable share of a prompt'),
];
