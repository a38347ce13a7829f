import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { LengthsDocument, ModelDocument, SizeDocument, Warning } from '../../../src-worker/protocol/documents.ts';
import type { OwnMachineInput } from '../../../src-worker/protocol/requests.ts';
import { count, decimal, gib, parameters, percent, percentOfFraction, smallUsd } from './format.ts';
import { facts, heading, wrap } from './layout.ts';
import { asksOwn, PRICING_TEXT } from './terms.ts';

/** HARDWARE SIZING ANALYSIS: what was asked, with every default resolved. */
export function headSection(document: SizeDocument, model: ModelDocument | null): string[] {
  const { assumptions } = document;
  return [
    ...heading('HARDWARE SIZING ANALYSIS'),
    ...facts([
      ['Model', `${assumptions.model} (${assumptions.architecture}${assumptions.estimated ? ', estimated' : ''})`],
      ['Parameters', parameterText(document)],
      ...weightRows(document, model),
      ['Workload', assumptions.workload],
      ['Expected prompt tokens', promptText(document)],
      ['Expected output tokens', lengthText(assumptions.output_tokens)],
      ...usersRows(document),
      ['Rate', assumptions.rate_explanation],
      [
        'Headroom',
        `${percent(assumptions.headroom_percent)} (plan for ${percentOfFraction(assumptions.utilization_target)} of capacity, bursts of ${decimal(assumptions.burst_factor)}×)`,
      ],
      ...placeRows(document),
      ['Quantization', `${assumptions.quantization.join(', ')} (KV cache ${assumptions.kv_cache_dtype})`],
    ]),
    ...document.warnings.flatMap((warning) => wrap(`! ${warningText(warning)}`, { hanging: '  ' })),
    '',
  ];
}

const warningText = ({ code, sentence }: Warning): string =>
  code === 'context_cut' ? `${sentence} The answer is for the requests as cut.` : sentence;

function parameterText({ assumptions }: SizeDocument): string {
  const total = parameters(assumptions.total_parameters);
  if (assumptions.active_parameters === assumptions.total_parameters) return total;
  return `${total}, ${parameters(assumptions.active_parameters)} active per token`;
}

function weightRows({ assumptions }: SizeDocument, model: ModelDocument | null): [string, string][] {
  if (!model) return [];
  const asked = assumptions.quantization.flatMap((precision) => {
    const bytes = model.weight_bytes[precision];
    return bytes === undefined ? [] : [`${gib(gibFromBytes(bytes))} in ${precision}`];
  });
  return asked.length > 0 ? [['Weights', asked.join(', ')]] : [];
}

const lengthText = ({ mean, std, min, max, max_is_context: isContext }: LengthsDocument): string =>
  `${decimal(mean)} on average (std ${decimal(std)}, ${count(min)} to ${count(max)}${isContext ? ', the context of the model' : ''})`;

function promptText({ assumptions, warnings }: SizeDocument): string {
  const { prefix_cache: cache } = assumptions;
  const text = lengthText(assumptions.prompt_tokens);
  if (!cache) return text;
  const isCut = warnings.some(({ code }) => code === 'context_cut');
  const [means, whole] = isCut
    ? ['cut to the context and with the prefix cache', 'without either']
    : ['with the prefix cache', 'without it'];
  return (
    `${text}; ${means} ${decimal(assumptions.effective_prompt_tokens)} are computed, ${whole} ` +
    `${decimal(assumptions.prompt_tokens.mean)} ` +
    `(hit rate ${percentOfFraction(cache.hit_rate)}, ${percentOfFraction(cache.cacheable_ratio)} cacheable)`
  );
}

function usersRows({ assumptions }: SizeDocument): [string, string][] {
  if (assumptions.users === null) return [];
  const pause = assumptions.think_time_s > 0 ? `pausing ${decimal(assumptions.think_time_s)} s` : 'none pausing';
  return [['Concurrent users', `${count(assumptions.users)} (${pause})`]];
}

function placeRows({ assumptions, input }: SizeDocument): [string, string][] {
  const { own_hardware: machines, instance } = input;
  const only: [string, string][] =
    Array.isArray(instance) && instance.length > 0 ? [['Instances', `only ${instance.join(', ')}`]] : [];
  if (!asksOwn({ input })) {
    return [
      ['Pricing', PRICING_TEXT[assumptions.pricing] ?? assumptions.pricing],
      ['Location', locationText(input)],
      ...only,
    ];
  }
  return [['Hardware', `own: ${(machines as OwnMachineInput[]).map(machineText).join('; ')}`], ...only];
}

const machineText = ({ name, gpu, gpu_count: gpus, usd_per_hour: price }: OwnMachineInput): string =>
  `${name} (${gpus} × ${gpu}, ${price === null ? 'no price' : `${smallUsd(price)}/h`})`;

function locationText(input: Record<string, unknown>): string {
  const { zone, region, provider } = input;
  const providers = Array.isArray(provider) && provider.length > 0 ? provider.join(', ') : 'all providers';
  if (typeof zone === 'string') return `zone ${zone}, ${providers}`;
  if (typeof region === 'string') return `region ${region}, ${providers}`;
  return `all regions of ${providers}`;
}
