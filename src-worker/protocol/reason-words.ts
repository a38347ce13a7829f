/* Why nothing passes, as a clause of a sentence: `most often because no spot price is known`. */

const CLAUSES: Record<string, string> = {
  memory: 'the model does not fit into GPU memory',
  tp_heads: 'tensor parallelism does not divide the heads or scales',
  link_domain: 'a replica needs more GPUs than an instance has',
  compute_capability: 'the GPUs are too old for vLLM',
  dtype_unsupported: 'the GPUs lack the number format',
  host_memory: 'host memory cannot hold the load',
  context_exceeded: 'requests exceed the context of the model',
  sla_missed: 'the latency targets are missed',
  price_unknown: 'no on-demand price is known',
  spot_unknown: 'no spot price is known',
  retired: 'what was asked for is withdrawn from sale',
  disk: 'local disks are smaller than the checkpoint',
  pp_layers: 'the model has fewer layers than there are pipeline stages',
  zone_unknown: 'it is not known where it is sold',
  not_in_zone: 'it is not sold in the zone',
  region_filtered: 'it is not sold in the region',
  max_gpus: 'it takes more GPUs than are allowed',
  model_unsupported: 'the model is not supported on the GPUs',
};

/** The code itself where a later version brings one that has no words here. */
export const reasonClause = (reason: string): string => CLAUSES[reason] ?? reason.replaceAll('_', ' ');

/** Is it the targets that nothing meets? Runs of earlier versions need not say. */
export const isOfTargets = (reason: string | null): boolean => reason === null || reason === 'sla_missed';
