import type { ConfigFields } from '../fields.ts';
import { linear, type Weight } from '../weight.ts';
import { chain, heads, layers, norm, width, type Modality } from './parts.ts';

/**
 * A Q-Former (Blip2QFormerModel): learned queries attend to themselves and, in every `cross_attention_frequency`-th layer, to
 * what an encoder put out.
 */
export function qformer(modality: Modality, config: ConfigFields, module: string, hiddenSize: number): Weight[] {
  const count = layers(config, ['num_hidden_layers'], 12);
  const every = layers(config, ['cross_attention_frequency'], 2);
  const inputs = width(config, ['encoder_hidden_size'], 1408);
  const network = width(config, ['intermediate_size'], 3072);
  const splitUnits = heads(config, ['num_attention_heads'], 12);
  const attention = (name: string, keys: number, times: number): Weight[] => {
    const options = { hasBias: true, count: times, splitUnits };
    return [
      ...linear(modality, `${name}.attention.query`, hiddenSize, hiddenSize, options),
      ...linear(modality, `${name}.attention.key`, hiddenSize, keys, options),
      ...linear(modality, `${name}.attention.value`, hiddenSize, keys, options),
      ...linear(modality, `${name}.output.dense`, hiddenSize, hiddenSize, { ...options, splitsInputs: true }),
      ...norm(modality, `${name}.output.LayerNorm`, hiddenSize, 'weight_and_bias', times),
    ];
  };
  const layer = `${module}.encoder.layer.*`;
  return [
    ...norm(modality, `${module}.layernorm`, hiddenSize, 'weight_and_bias'),
    ...attention(`${layer}.attention`, hiddenSize, count),
    ...attention(`${layer}.crossattention`, inputs, Math.ceil(count / every)),
    ...chain(
      modality,
      [`${layer}.intermediate_query.dense`, `${layer}.output_query.dense`],
      [hiddenSize, network, hiddenSize],
      { count },
    ),
    ...norm(modality, `${layer}.output_query.LayerNorm`, hiddenSize, 'weight_and_bias', count),
  ];
}
