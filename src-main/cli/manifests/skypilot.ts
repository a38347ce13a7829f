import { stringify } from 'yaml';
import { headLines, hereDocument, jobName, shardFileName, specText, type ManifestQuestion } from './types.ts';

/**
 * A task that computes the shard which the environment names, to be launched as a managed job for each shard: SkyPilot starts it anew
 * where a spot machine is taken away. The shard files go to a bucket, which it makes.
 * Source: https://docs.skypilot.co/en/stable/running-jobs/many-jobs.html,
 * https://docs.skypilot.co/en/stable/reference/yaml-spec.html (0.10: name, resources.image_id, envs, file_mounts, run).
 */
export function skypilotManifest(question: ManifestQuestion): string {
  const { spec, shards, image } = question;
  const name = jobName(question.name);
  const index = '${SHARD}';
  const run = [
    'set -euo pipefail',
    ...hereDocument('configiq-spec.json', specText(spec)),
    `configiq sweep --spec configiq-spec.json --shard "${index}/${shards}" --export "${shardFileName(index, shards)}"`,
    '# Written whole on the machine first: a mounted bucket takes new files, and no renaming.',
    `cp "${shardFileName(index, shards)}" /shards/`,
    '',
  ].join('\n');
  const task = {
    name,
    resources: { cpus: '4+', image_id: `docker:${image ?? ''}`, use_spot: true },
    envs: { SHARD: '1' },
    file_mounts: { '/shards': { name: `${name}-shards`, mode: 'MOUNT' } },
    run,
  };
  const launch = `for i in $(seq ${shards}); do sky jobs launch -y -d -n "${name}-$i" --env SHARD="$i" FILE; done`;
  const head = headLines(question, 'SkyPilot', launch).map((line) => `# ${line}\n`);
  return `${head.join('')}${stringify(task, { lineWidth: 0 })}`;
}
