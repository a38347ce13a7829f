import { headLines, hereDocument, jobName, shardFileName, specText, type ManifestQuestion } from './types.ts';

/**
 * A job array: a task for each shard, told its number by SLURM_ARRAY_TASK_ID. The cluster's MaxArraySize (1001 as installed) is the
 * most shards and one.
 * Source: https://slurm.schedmd.com/job_array.html and https://slurm.schedmd.com/sbatch.html (25.05).
 */
export function slurmManifest(question: ManifestQuestion): string {
  const { spec, shards } = question;
  const name = jobName(question.name);
  const index = '${SLURM_ARRAY_TASK_ID}';
  return [
    '#!/bin/bash',
    `#SBATCH --job-name=${name}`,
    `#SBATCH --array=1-${shards}`,
    '#SBATCH --ntasks=1',
    '#SBATCH --cpus-per-task=4',
    `#SBATCH --output=${name}-%A_%a.log`,
    ...headLines(question, 'Slurm', 'sbatch FILE, in a folder that all nodes share').map((line) => `# ${line}`),
    'set -euo pipefail',
    '# The spec and the database of a task lie on the node: SQLite wants a disk of its own, the shard files a shared one.',
    'home=$(mktemp -d)',
    `trap 'rm -rf "$home"' EXIT`,
    'export CONFIGIQ_HOME="$home"',
    ...hereDocument('"$home/spec.json"', specText(spec)),
    `"\${CONFIGIQ:-configiq}" sweep --spec "$home/spec.json" --shard "${index}/${shards}" \\`,
    `  --export "\${SLURM_SUBMIT_DIR:-.}/${shardFileName(index, shards)}"`,
    '',
  ].join('\n');
}
