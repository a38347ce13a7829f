import { OWN } from '../../../src-worker/engine/hardware/own.ts';
import type { Exclusion, Recommendation, SizeDocument, SlaStatus } from '../../../src-worker/protocol/documents.ts';

/** `ttft_p95` as people say it: TTFT P95. */
export const metricLabel = (metric: string): string =>
  metric.replaceAll('_', ' ').replace(/ttft|tpot|e2e|p\d+/g, (part) => part.toUpperCase());

/** A mark and a word, so that neither has to carry the meaning alone. */
export const STATUS_TEXT: Record<SlaStatus, string> = { met: '✓ ok', near: '~ near', missed: '✗ miss' };

export const PRICING_TEXT: Record<string, string> = { ondemand: 'on demand', spot: 'spot' };

/** Reasons of exclusion in a few words; the code where a newer catalog brings one we have no words for. */
const REASON_TEXT: Record<string, string> = {
  memory: 'does not fit into GPU memory',
  tp_heads: 'tensor parallelism does not divide the heads or scales',
  link_domain: 'a replica needs more GPUs than the instance has',
  compute_capability: 'GPU is too old for vLLM',
  dtype_unsupported: 'GPU lacks the number format',
  host_memory: 'host memory cannot hold the load',
  context_exceeded: 'requests exceed the context of the model',
  sla_missed: 'misses the latency targets',
  price_unknown: 'price unknown',
  spot_unknown: 'spot price unknown',
  retired: 'retired (--include-retired shows them)',
  disk: 'local disk is smaller than the checkpoint',
  pp_layers: 'fewer layers than pipeline stages',
  zone_unknown: 'zones not known',
  not_in_zone: 'not sold in the zone',
  region_filtered: 'not sold in the region',
  max_gpus: 'more GPUs than --max-gpus',
  model_unsupported: 'model not supported on this GPU',
};
export const reasonText = (reason: string): string => REASON_TEXT[reason] ?? reason;

/** `TP 2`, with the stages of a pipeline where there is one. */
export const parallelText = ({
  tensor_parallel: tp,
  pipeline_parallel: pp,
}: Pick<Exclusion, 'tensor_parallel' | 'pipeline_parallel'>): string =>
  tp === null ? '' : `TP ${tp}${pp !== null && pp > 1 ? `, PP ${pp}` : ''}`;

/** `2 × g2-standard-8` */
export const deploymentText = ({ instances, instance }: Pick<Recommendation, 'instances' | 'instance'>): string =>
  `${instances} × ${instance}`;

/** Does a question name machines of its own? Then nothing is paid for by the hour. */
export const asksOwn = ({ input }: Pick<SizeDocument, 'input'>): boolean =>
  Array.isArray(input['own_hardware']) && input['own_hardware'].length > 0;

/** Hardware of one's own is sold nowhere. */
export const isOwn = ({ provider }: Pick<Recommendation, 'provider'>): boolean => provider === OWN;

export const placeText = ({ region, zone, zones, cost, other_regions: others }: Recommendation): string => {
  const cheapest = cost.price_zones ? `${region}, in ${cost.price_zones.join(' ')} at this price` : null;
  const where = zone ?? cheapest ?? (zones.length > 0 ? `${region}, zones ${zones.join(' ')}` : region);
  return others > 0 ? `${where} (and ${others} other ${others === 1 ? 'region' : 'regions'})` : where;
};
