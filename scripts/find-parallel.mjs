import { spawnSync } from 'node:child_process';
import { aptInstall } from './install.mjs';

const isThere = () => spawnSync('parallel', ['--version']).status === 0;

/**
 * GNU parallel, installed where it can be: a test runs four shards with it. Where it cannot, that one test is left out, and says so;
 * `say` is told why.
 */
export function ensureParallel(say) {
  if (isThere()) return;
  const failure = aptInstall(['parallel'], say);
  if (!isThere())
    say(`GNU parallel is not there (${failure ?? 'it was not found after that'}): its shards are not run.`);
}
