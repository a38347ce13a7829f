import { usageError } from './errors.ts';

/** From the text of an option to a value; what the value may be is the schema's business. */

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const TOKENS = /^(\d+\.?\d*|\.\d+)([kM])$/;
/** As people count tokens: 8k means 8,000, and a context of 8,192 is written out. */
const TOKEN_FACTORS: Record<string, number> = { k: 1e3, M: 1e6 };

/** Throws a usage error when the next option was taken for a value: `--zone --top 5`. */
function refuseOption(text: string, flag: string): void {
  if (/^--?[a-z]/i.test(text)) throw usageError(`${flag} needs a value, and "${text}" is an option.`, { option: flag });
}

export function textValue(text: string, flag: string): string {
  refuseOption(text, flag);
  const value = text.trim();
  if (value === '') throw usageError(`${flag} needs a value, got an empty text.`, { option: flag });
  return value;
}

export function numberValue(text: string, flag: string): number {
  refuseOption(text, flag);
  const value = Number(text);
  if (!NUMBER.test(text.trim()) || !Number.isFinite(value)) {
    throw usageError(`${flag} takes a number, got "${text}": write a finite one in digits, such as 2 or 0.5.`, {
      option: flag,
      value: text,
    });
  }
  return value;
}

/** Requests per second; `inf` = all at once. */
export function rateValue(text: string, flag: string): number | 'inf' {
  refuseOption(text, flag);
  return /^(inf|infinity)$/i.test(text.trim()) ? 'inf' : numberValue(text, flag);
}

/** A number of tokens: 4096, 8k, 1.5M. */
export function tokensValue(text: string, flag: string): number {
  refuseOption(text, flag);
  const match = TOKENS.exec(text.trim());
  if (!match) {
    if (NUMBER.test(text.trim())) return numberValue(text, flag);
    throw usageError(`${flag} takes a number of tokens such as 4096 or 8k, got "${text}".`, {
      option: flag,
      value: text,
    });
  }
  return Number(match[1]) * (TOKEN_FACTORS[match[2] ?? ''] ?? 1);
}

/** A list or range of tokens with its numbers written out: 1k,8k becomes 1000,8000. */
export const withoutSuffixes = (text: string): string =>
  text.replaceAll(/(\d+\.?\d*|\.\d+)([kM])\b/g, (_, digits: string, suffix: string) =>
    String(Number(digits) * (TOKEN_FACTORS[suffix] ?? 1)),
  );

/** Names with commas between them, without repeats. */
export function listValue(text: string, flag: string): string[] {
  refuseOption(text, flag);
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) {
    throw usageError(`${flag}: "${text}" has an empty part; write names with commas between them.`, {
      option: flag,
      value: text,
    });
  }
  return [...new Set(names)];
}

/** One text of a repeatable option, after those before it. */
export function textsValue(text: string, flag: string, before: string[] = []): string[] {
  return [...before, textValue(text, flag)];
}

/** One `--sla ttft-p95=300`, added to those before it. */
export function slaValue(text: string, flag: string, before: Record<string, number> = {}): Record<string, number> {
  const { metric, value } = targetParts(text, flag);
  return { ...before, [metric]: numberValue(value, `${flag} ${metric.replaceAll('_', '-')}`) };
}

/** One `--sla ttft-p95=300,500`, added to those before it. */
export function slaAxisValue(text: string, flag: string, before: Record<string, string> = {}): Record<string, string> {
  const { metric, value } = targetParts(text, flag);
  if (metric in before) {
    const name = metric.replaceAll('_', '-');
    throw usageError(
      `${flag} ${name} is given twice: give all its values at once, ${name}=${before[metric]},${value}.`,
      {
        option: flag,
      },
    );
  }
  return { ...before, [metric]: value };
}

function targetParts(text: string, flag: string): { metric: string; value: string } {
  refuseOption(text, flag);
  const match = /^([a-z0-9_-]+)\s*=\s*(.+)$/i.exec(text.trim());
  const [, metric, value] = match ?? [];
  if (metric === undefined || value === undefined) {
    throw usageError(`${flag} takes METRIC=MILLISECONDS, for example ttft-p95=300, got "${text}".`, { option: flag });
  }
  return { metric: metric.toLowerCase().replaceAll('-', '_'), value };
}

/** One `--at users=100`, added to those before it: an axis and the value it is held at. */
export function placeValue(
  text: string,
  flag: string,
  before: Record<string, number | string> = {},
): Record<string, number | string> {
  refuseOption(text, flag);
  const [, axis, value] = /^([a-z0-9_-]+)\s*=\s*(.+)$/i.exec(text.trim()) ?? [];
  if (axis === undefined || value === undefined) {
    throw usageError(`${flag} takes AXIS=VALUE, for example users=100, got "${text}".`, { option: flag });
  }
  return { ...before, [axis]: NUMBER.test(value) ? Number(value) : value };
}
