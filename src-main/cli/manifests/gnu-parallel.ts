import { headLines, hereDocument, shardFileName, specText, type ManifestQuestion } from './types.ts';

/**
 * A script around one line of GNU parallel, which fills in the number of the shard for {}. One shard at a time on a machine, because
 * each uses all of its cores; machines are named by --sshlogin, and then the spec is sent there and the shard file comes back.
 * Source: https://www.gnu.org/software/parallel/man.html (20221122 and later: --jobs, --halt, --sshlogin, --transferfile, --return).
 */
export function gnuParallelManifest(question: ManifestQuestion): string {
  const { spec, shards } = question;
  const file = shardFileName('{}', shards);
  return [
    '#!/usr/bin/env bash',
    ...headLines(question, 'GNU parallel', 'bash FILE').map((line) => `# ${line}`),
    '# On several machines: PARALLEL="--sshlogin one,two --transferfile configiq-spec.json --cleanup',
    `#   --return ${file}" bash FILE`,
    'set -euo pipefail',
    ...hereDocument('configiq-spec.json', specText(spec)),
    `seq ${shards} | parallel --will-cite --jobs "\${JOBS:-1}" --halt soon,fail=1 \\`,
    `  "\${CONFIGIQ:-configiq}" sweep --spec configiq-spec.json --shard {}/${shards} --export ${file}`,
    '',
  ].join('\n');
}
