import { type Break, instanceOf } from './breaks.ts';

/** The offer that most prices are broken in. */
const A2 = 'gcp/a2-highgpu-8g/us-central1';

/** What names what: GPUs, providers, sources, regions and zones. */
export const NAMES: Break[] = [
  {
    rule: 'references',
    what: 'an instance with a GPU that is not there',
    entry: 'gcp/a2-highgpu-8g',
    field: 'gpu',
    says: /nvidia-a100-40g: is no GPU of gpus\.json; did you mean "nvidia-a100-40gb"/,
    change: (files) => files.instance('gcp', 'a2-highgpu-8g', { gpu: 'nvidia-a100-40g' }),
  },
  {
    rule: 'references',
    what: 'a zone from a source that is not there',
    entry: A2,
    field: 'zones_source',
    says: /z99: is not in the file's "sources"/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones_source: 'z99' }),
  },
  {
    rule: 'unique-entries',
    what: 'an alias of two GPUs',
    entry: 'nvidia-h100-pcie',
    field: 'aliases',
    says: /h100: already means nvidia-h100-80gb/,
    change: (files) => files.gpu('nvidia-h100-pcie', { aliases: ['h100-pcie', 'h100'] }),
  },
  {
    rule: 'unique-entries',
    what: 'the same instance twice',
    entry: 'lambda/gpu_1x_gh200',
    field: 'name',
    says: /is there twice/,
    change: (files) => files.cloud('lambda', (file) => file.instances.push(instanceOf(file, 'gpu_1x_gh200'))),
  },
  {
    rule: 'unique-entries',
    what: 'the same zone twice',
    entry: A2,
    field: 'zones',
    says: /us-central1-a: is there twice/,
    change: (files) =>
      files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones: ['us-central1-a', 'us-central1-a'] }),
  },
  {
    rule: 'zones-in-region',
    what: 'a zone of another region',
    entry: A2,
    field: 'zones',
    says: /europe-west4-a: is named after europe-west4, not us-central1/,
    change: (files) =>
      files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones: ['us-central1-a', 'europe-west4-a'] }),
  },
  {
    rule: 'has-zones',
    what: 'a provider that hides its zones',
    entry: 'gcp',
    field: 'has_zones',
    says: /false: and zones are listed/,
    change: (files) => files.cloud('gcp', (file) => (file.has_zones = false)),
  },
  {
    rule: 'has-zones',
    what: 'a provider that promises zones',
    entry: 'lambda',
    field: 'has_zones',
    says: /true: and no zone is listed/,
    change: (files) => files.cloud('lambda', (file) => (file.has_zones = true)),
  },
];
