import type { AppInfo } from '../../../src-worker/protocol/app-api.ts';

/** What helps to mend something, for a report: versions, host, and what was thrown. */
export function errorDetails(thrown: unknown, info: AppInfo | null): string {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const { configiq = 'unknown', catalog = 'unknown', node = 'unknown' } = info?.versions ?? {};
  return [
    `ConfigIQ ${configiq}, catalog ${catalog}, Node.js ${node}, ${info?.host ?? 'unknown'} host`,
    navigator.userAgent,
    what,
  ].join('\n');
}
