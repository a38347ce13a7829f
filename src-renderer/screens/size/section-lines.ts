import type { WorkloadEntry } from '../../../src-worker/protocol/app-api.ts';
import { formatFixed, formatSignificant, plural } from '../../../src-worker/protocol/numbers.ts';
import { precisionLabel, pricingLabel, providerLabel } from '../../format/names.ts';
import type { AmountField, FormReading, FormValues } from '../../state/form-reading.ts';

/** What a folded section holds, in one line. */

export const workloadLabel = (name: string): string =>
  name.length <= 3 ? name.toUpperCase() : name.charAt(0).toUpperCase() + name.slice(1);

export function workloadLine(form: FormValues, reading: FormReading, preset: WorkloadEntry | null): string {
  const read = (field: AmountField): number | null => {
    const amount = reading.amounts[field];
    return amount.kind === 'value' ? amount.value : null;
  };
  const load = read(form.loadKind);
  const tokens = [read('inputTokens') ?? preset?.promptTokens, read('outputTokens') ?? preset?.outputTokens];
  return [
    workloadLabel(form.workload),
    load === null
      ? 'no load'
      : form.loadKind === 'users'
        ? plural(load, 'user')
        : `${formatSignificant(load)} requests/s`,
    tokens.includes(undefined) ? '' : `${tokens.map((count) => formatFixed(count)).join(' + ')} tokens`,
  ]
    .filter(Boolean)
    .join(', ');
}

export function hardwareLine(form: FormValues): string {
  if (form.hardware === 'own') return `Own: ${form.machines.map(({ name }) => name).join(', ') || 'none named'}`;
  const place = form.placeName.trim();
  return [
    form.providers.length === 0 ? 'All clouds' : form.providers.map(providerLabel).join(', '),
    form.place === 'anywhere' || place === '' ? 'cheapest region' : place,
    pricingLabel(form.pricing),
  ].join(', ');
}

export const policyLine = (form: FormValues): string =>
  [form.quantization.map(precisionLabel).join(', ') || '16-bit or as stored', `${form.headroom} % headroom`].join(', ');
