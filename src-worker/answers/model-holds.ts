import { undividedHeads } from '../engine/model/heads.ts';
import { invalidInput } from '../engine/errors.ts';
import { analyzeModel } from '../engine/model/analyze.ts';
import { stageHoldings, type StageHolding } from '../engine/model/holdings.ts';
import { kvBytesPerToken, kvLayout } from '../engine/model/kv.ts';
import type { ParameterBreakdown } from '../engine/model/parameters.ts';
import type { ModelSource } from '../engine/model/source.ts';
import type { Model } from '../engine/model/types.ts';
import { weightBytes } from '../engine/model/weights.ts';
import { SCHEMA_VERSION, type ModelHoldsDocument, type StageHolds } from '../protocol/documents.ts';
import type { ModelHoldsInput } from '../protocol/requests.ts';
import { componentName, KV_16_BIT_BYTES, KV_8_BIT_BYTES } from './model-summary.ts';
import { resolvePrecisions } from './resolve.ts';

/** Classes by their component name, those that are there; whole numbers. */
const components = (parts: ParameterBreakdown): Record<string, number> =>
  Object.fromEntries(
    Object.entries(parts)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => [componentName(name), Math.ceil(value)]),
  );

function stageDocument(model: Model, tensorParallel: number, holding: StageHolding): StageHolds {
  const { stage, firstLayer, numLayers, parameters, bytes, totalParameters, totalBytes } = holding;
  const own = { ...model, layers: model.layers.slice(firstLayer, firstLayer + numLayers) };
  return {
    stage,
    first_layer: firstLayer,
    num_layers: numLayers,
    parameters: components(parameters),
    weight_bytes: components(bytes),
    total_parameters: Math.ceil(totalParameters),
    total_bytes: Math.ceil(totalBytes),
    kv_bytes_per_token: {
      fp16: kvBytesPerToken(own, KV_16_BIT_BYTES, tensorParallel),
      fp8: kvBytesPerToken(own, KV_8_BIT_BYTES, tensorParallel),
    },
    state_bytes_per_sequence: kvLayout(own, KV_16_BIT_BYTES, tensorParallel).stateBytes,
  };
}

/** Degrees that do not go together, by the names they are asked for. */
function checkDegrees(model: Model, { tp, pp, ep }: ModelHoldsInput): void {
  const refuse = (field: string, value: number, cure: string): never => {
    throw invalidInput('parallelism_invalid', `${field} is ${value}: it must be ${cure}.`, { field, value });
  };
  if (pp > model.layers.length) refuse('pp', pp, `at most the ${model.layers.length} layers of ${model.id}`);
  const numExperts = Math.max(0, ...model.layers.map(({ ffn }) => ffn.experts?.numExperts ?? 0));
  if (ep > 1 && numExperts === 0) refuse('ep', ep, `1: ${model.id} has no experts`);
  if (ep > Math.max(1, numExperts)) refuse('ep', ep, `at most the ${numExperts} experts of ${model.id}`);
  if (ep % tp !== 0 && tp % ep !== 0) refuse('ep', ep, `a multiple or a divisor of tp ${tp}`);
}

/**
 * What the fullest GPU of every pipeline stage holds. Throws what `analyzeModel` throws, `tp_heads` where the heads cannot
 * be shared out, and `parallelism_invalid` where the degrees do not go together.
 */
export function answerModelHolds(input: ModelHoldsInput, source: ModelSource): ModelHoldsDocument {
  const model = analyzeModel(source);
  const { tp, pp, ep, quantization } = input;
  const [precision] = resolvePrecisions(quantization === null ? [] : [quantization], model);
  if (!precision) throw new Error('no precision resolved');
  const odd = undividedHeads(model, tp);
  if (odd) {
    throw invalidInput(
      'tp_heads',
      `tp ${tp} does not divide the ${odd.count} ${odd.words} of ${model.id}: use a divisor.`,
      {
        tp,
      },
    );
  }
  checkDegrees(model, input);
  const holdings = stageHoldings(model, precision, { tensorParallel: tp, pipelineParallel: pp, expertParallel: ep });
  const fullest = holdings.reduce((most, holding) => (holding.totalBytes > most.totalBytes ? holding : most));
  return {
    schema_version: SCHEMA_VERSION,
    input: { model: model.id, tp, pp, ep, quantization: precision },
    model_bytes: Math.round(weightBytes(model, precision)),
    fullest_stage: fullest.stage,
    stages: holdings.map((holding) => stageDocument(model, tp, holding)),
  };
}
