import type { WorkloadFileEntry, WorkloadsFile } from '../../src-worker/protocol/catalog-files.ts';
import { ConversionError, readJson } from './read.ts';

const DESCRIPTIONS: Record<string, string> = {
  chat: 'People talking with an assistant: short questions, some history, answers of a paragraph.',
  rag: 'Questions answered from retrieved documents: long prompts that share much of their text.',
  code: 'Code written and completed in an editor: long prompts in bursts, tight targets per token.',
};

const SOURCE = 'Workload defaults of the Python original (config_iq of kshyp/varcas, commit 9e826f3)';

/** Output length the original states its end-to-end targets for. */
const E2E_OUTPUT_TOKENS = 512;

interface SeedLengths {
  mean: number;
  std: number;
  min: number;
  max: number;
}

interface SeedWorkload {
  traffic_pattern: {
    arrival_process: 'poisson' | 'hawkes';
    peak_factor: number;
    burstiness: number;
    hawkes_base_rate?: number;
    hawkes_excitation?: number;
    hawkes_decay?: number;
  };
  token_distribution: { input_tokens: SeedLengths; output_tokens: SeedLengths; context_tokens: SeedLengths };
  sla_targets: Record<string, number>;
  prefix_cache?: {
    enabled: boolean;
    cacheable_token_ratio: number;
    cache_hit_rate: number;
    avg_prefix_length: number;
  };
}

export function convertWorkloads(folder: string): { file: WorkloadsFile; notes: string[] } {
  // The result passes the catalog's schema before it is written, so a file of another shape does not get through.
  const seed = readJson(folder, 'seed/workload_defaults.json') as { workloads?: Record<string, SeedWorkload> };
  const workloads = Object.entries(seed.workloads ?? {}).map(([name, entry]) => workload(name, entry));
  return {
    file: { schema_version: 1, workloads },
    notes: [
      `workloads/seed.json: ${workloads.map(({ name }) => name).join(', ')}; headroom, interconnect and overhead tables left out (they belong to the engine and to calibration).`,
    ],
  };
}

const lengths = ({ mean, std, min, max }: SeedLengths): SeedLengths => ({ mean, std, min, max });

function workload(name: string, seed: SeedWorkload): WorkloadFileEntry {
  const description = DESCRIPTIONS[name];
  if (!description) {
    throw new ConversionError(`Workload "${name}" is new: add a description to scripts/convert/workloads.ts.`);
  }
  const { traffic_pattern: traffic, token_distribution: tokens, sla_targets: sla, prefix_cache: cache } = seed;
  return {
    name,
    description,
    length_distribution: 'lognormal',
    input_tokens: lengths(tokens.input_tokens),
    context_tokens: lengths(tokens.context_tokens),
    output_tokens: lengths(tokens.output_tokens),
    arrival: { process: traffic.arrival_process, burstiness: traffic.burstiness, ...hawkes(traffic) },
    peak_factor: traffic.peak_factor,
    targets_ms: Object.fromEntries(
      Object.entries(sla).flatMap(([key, value]) => {
        const metric = /^((?:ttft|tpot)_p\d\d)_ms$/.exec(key)?.[1];
        return metric ? [[metric, value]] : [];
      }),
    ),
    e2e_target: { p50_ms: sla['e2e_latency_per_512_tokens_ms'] ?? Number.NaN, output_tokens: E2E_OUTPUT_TOKENS },
    concurrent_users_per_1k_tokens_per_s: sla['concurrent_users_per_1k_tok_s'] ?? null,
    prefix_cache: cache?.enabled
      ? {
          hit_rate: cache.cache_hit_rate,
          cacheable_ratio: cache.cacheable_token_ratio,
          average_prefix_tokens: cache.avg_prefix_length,
        }
      : null,
    source: SOURCE,
  };
}

function hawkes(traffic: SeedWorkload['traffic_pattern']): Pick<WorkloadFileEntry['arrival'], 'hawkes'> | object {
  const { hawkes_base_rate: base, hawkes_excitation: excitation, hawkes_decay: decay } = traffic;
  if (base === undefined || excitation === undefined || decay === undefined) return {};
  return { hawkes: { base_rate_per_s: base, excitation_per_s: excitation, decay_per_s: decay } };
}
