import { formatFixed } from '../../src-worker/protocol/numbers.ts';

export interface Choice<Value> {
  value: Value;
  label: string;
  note?: string;
  reason?: string;
}

/** Choices with how many entries each has, behind one for all; those without any say so and cannot be chosen. */
export function countedChoices<Value extends string>(
  ids: readonly Value[],
  labelOf: (id: Value) => string,
  count: (id: Value) => number,
  everything: string,
): Choice<Value | 'all'>[] {
  const choices = ids.map((value) => {
    const number = count(value);
    return { value, label: labelOf(value), ...(number > 0 ? { note: formatFixed(number) } : { reason: 'none' }) };
  });
  return [{ value: 'all', label: everything }, ...choices];
}
