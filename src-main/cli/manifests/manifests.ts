import { didYouMean } from '../../../src-worker/engine/suggest.ts';
import { MOST_SHARDS } from '../../../src-worker/protocol/requests.ts';
import { usageError } from '../errors.ts';
import { gnuParallelManifest } from './gnu-parallel.ts';
import { kubernetesManifest } from './kubernetes.ts';
import { skypilotManifest } from './skypilot.ts';
import { slurmManifest } from './slurm.ts';
import type { ManifestQuestion } from './types.ts';

interface Engine {
  /** Whether shards run in a container. */
  takesImage: boolean;
  manifest: (question: ManifestQuestion) => string;
}

/** What a sweep can be shared by: engines that exist. */
const ENGINES: Readonly<Record<string, Engine>> = {
  kubernetes: { takesImage: true, manifest: kubernetesManifest },
  slurm: { takesImage: false, manifest: slurmManifest },
  'gnu-parallel': { takesImage: false, manifest: gnuParallelManifest },
  skypilot: { takesImage: true, manifest: skypilotManifest },
};

/** Checks what was given before anything is asked; the function it answers makes the text. Throws usage errors. */
export function manifestFor(
  name: string,
  shards: number | undefined,
  image: string | undefined,
): (question: Pick<ManifestQuestion, 'spec' | 'name'>) => string {
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (!engine) throw usageError(`Unknown manifest "${name}": ${didYouMean(name, Object.keys(ENGINES))}`);
  if (shards === undefined) throw usageError('--manifest needs --shards: how many machines share the sweep.');
  if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS) {
    throw usageError(`--shards must be a whole number from 1 to ${MOST_SHARDS}, got ${shards}.`);
  }
  if (engine.takesImage && image === undefined) {
    throw usageError(`--manifest ${name} needs --image: the container image that has configiq on its PATH.`);
  }
  if (!engine.takesImage && image !== undefined) {
    throw usageError(
      `--manifest ${name} takes no --image: it runs the configiq of each machine (CONFIGIQ names another).`,
    );
  }
  return ({ spec, name: given }) => engine.manifest({ spec, name: given, shards, image: image ?? null });
}
