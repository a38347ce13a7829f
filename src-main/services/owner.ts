import { randomUUID } from 'node:crypto';

/** Told apart from an earlier program with the same process number: in containers every start gets the same one. */
const token = randomUUID();

/** Names this program as the one that computes a run. */
export const thisProcess = `${process.pid}:${token}`;

/** Whether the program that `thisProcess` named there is still there. */
export function isOwnerAlive(owner: string): boolean {
  const [pidText = '', ownerToken] = owner.split(':');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return ownerToken === token;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Forbidden means that it is there and belongs to somebody else.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
