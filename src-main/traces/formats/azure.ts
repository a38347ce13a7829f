import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import type { FieldValue, TraceFormat } from './format.ts';

/** Azure's traces of 2023 and 2024 (github.com/Azure/AzurePublicDataset): a date and time with seven decimals, or with a zone. */
export const azureFormat: TraceFormat = {
  format: 'azure',
  words: 'a trace of Azure',
  container: 'csv',
  arrival: {
    field: 'TIMESTAMP',
    msPerUnit: 1,
    reader: dateReader,
    wanted: 'a date and time like 2023-11-16 18:15:46.6805900',
  },
  promptTokens: 'ContextTokens',
  outputTokens: 'GeneratedTokens',
  cachedTokens: [],
  content: null,
  withoutOutput: 'one_token',
  remarks: {},
};

const DATE_TIME =
  /^\s*(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2}):(\d{2}(?:\.\d{1,9})?) ?(?:Z|([+-])(\d{2}):?(\d{2}))?\s*$/i;
const MINUTES_PER_HOUR = 60;
const MS_PER_MINUTE = 60_000;

/** Milliseconds from midnight of the first row's day: as Unix time a double has no room for the seventh decimal of a second. */
function dateReader(): (value: FieldValue) => number | null {
  let startMs: number | null = null;
  let lastDay = '';
  let lastDayMs: number | null = null;
  return (value) => {
    const parts = typeof value === 'string' ? DATE_TIME.exec(value) : null;
    if (!parts) return null;
    const [, day = '', hour, minute, second, sign, zoneHour, zoneMinute] = parts;
    if (day !== lastDay) [lastDay, lastDayMs] = [day, dayMsOf(day)];
    if (lastDayMs === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) >= 60) return null;
    startMs ??= lastDayMs;
    const zoneMinutes = sign === undefined ? 0 : Number(zoneHour) * MINUTES_PER_HOUR + Number(zoneMinute);
    const minutes = Number(hour) * MINUTES_PER_HOUR + Number(minute) - (sign === '-' ? -zoneMinutes : zoneMinutes);
    return lastDayMs - startMs + minutes * MS_PER_MINUTE + Number(second) * MS_PER_S;
  };
}

/** Midnight in Unix time; null for a 30 February. */
function dayMsOf(day: string): number | null {
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, day.length) !== day ? null : date.getTime();
}
