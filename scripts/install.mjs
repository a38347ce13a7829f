import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const MAX_INSTALL_MS = 240_000;

/** Debian packages, where we are root on a system that has them. Returns null, or why it did not work. */
export function aptInstall(packages, say) {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/usr/bin/apt-get')) return 'not on this system';
  say(`Installing ${packages.join(' and ')} with apt-get.`);
  return (
    install('apt-get', ['update']) ?? install('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
  );
}

/** Runs a program that installs something. Returns null, or why it did not work. */
export function install(program, args) {
  const { status, error, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: MAX_INSTALL_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return null;
  const complaint = (stderr ?? '').split('\n').find((line) => /\b(error|failed|unable|cannot)\b|^E:/i.test(line));
  return error?.message ?? complaint?.trim().slice(0, 160) ?? `exit ${status}`;
}
