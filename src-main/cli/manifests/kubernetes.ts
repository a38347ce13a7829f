import { stringify } from 'yaml';
import { usageError } from '../errors.ts';
import { headLines, jobName, shardFileName, specText, type ManifestQuestion } from './types.ts';

/**
 * A ConfigMap with the spec, a claim of a volume for the shard files, and an Indexed Job: a pod for each shard, told its number by
 * JOB_COMPLETION_INDEX, which counts from 0.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode (v1.33; Indexed since v1.24,
 * backoffLimitPerIndex since v1.29, always on since v1.33) and https://kubernetes.io/docs/concepts/configuration/configmap/ (1 MiB).
 */
export function kubernetesManifest(question: ManifestQuestion): string {
  const { spec, shards, image } = question;
  const text = specText(spec);
  if (Buffer.byteLength(text) > MOST_CONFIG_BYTES) {
    throw usageError('The spec has more than the 1 MiB a ConfigMap holds: give axes as ranges instead of lists.');
  }
  const name = jobName(question.name);
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-spec` },
    data: { 'spec.json': text },
  };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `${name}-shards` },
    // Pods on several nodes write to it.
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } } },
  };
  const index = '$((JOB_COMPLETION_INDEX + 1))';
  const command = `exec configiq sweep --spec /spec/spec.json --shard "${index}/${shards}" --export "/shards/${shardFileName(index, shards)}"`;
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: shards,
      parallelism: shards,
      backoffLimitPerIndex: RETRIES,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'sweep',
              image,
              command: ['sh', '-c', command],
              // The database of the pod: SQLite wants a disk of its own, the shard files a shared one.
              env: [{ name: 'CONFIGIQ_HOME', value: '/configiq' }],
              resources: { requests: { cpu: '2', memory: '1Gi' } },
              volumeMounts: [
                { name: 'spec', mountPath: '/spec', readOnly: true },
                { name: 'shards', mountPath: '/shards' },
                { name: 'home', mountPath: '/configiq' },
              ],
            },
          ],
          volumes: [
            { name: 'spec', configMap: { name: configMap.metadata.name } },
            { name: 'shards', persistentVolumeClaim: { claimName: claim.metadata.name } },
            { name: 'home', emptyDir: {} },
          ],
        },
      },
    },
  };
  const head = headLines(question, 'Kubernetes', 'kubectl apply -f FILE, and wait for the job');
  const documents = [configMap, claim, job].map((document) => stringify(document, { lineWidth: 0 }));
  return `${head.map((line) => `# ${line}\n`).join('')}${documents.join('---\n')}`;
}

/** What a ConfigMap may hold, less room for its keys. */
const MOST_CONFIG_BYTES = 1_000_000;
/** A pod that was evicted is tried again; one that fails three times has a reason. */
const RETRIES = 2;
