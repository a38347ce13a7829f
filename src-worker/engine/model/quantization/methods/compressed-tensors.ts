import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Rule, Scope } from '../recipe.ts';
import {
  FLOAT16_BYTES,
  FLOAT32_BYTES,
  fp8Blocks,
  MX_GROUP,
  MXFP4,
  MXFP8,
  nvfp4,
  NVFP4_GROUP,
  PER_OUTPUT,
  perGroup,
  scheme,
  weightOnlyPrecision,
} from '../scheme.ts';
import type { Scheme } from '../stored.ts';
import { blockSize } from './floats.ts';
import { groupSize, keptRules, LONGEST_LIST, MOST_BITS, type MethodReader } from './method.ts';

/** Bits of the words that whole numbers are packed into. */
const WORD_BITS = 32;
/** `weight_shape`: two 64-bit numbers beside each packed matrix. */
const SHAPE_BYTES = 16;
const USUAL_BLOCK = 128;

/** What a config says of one group of weights. */
interface WeightArguments {
  bits: number;
  isFloat: boolean;
  isSymmetric: boolean;
  strategy: string;
  group: number | null;
  block: { rows: number; columns: number };
  keepsOrder: boolean;
  isPacked: boolean;
  /** 16-bit activations stay; fixed = their scale is stored. */
  activations: 'none' | 'fixed' | 'dynamic';
}

/** `block_structure` is a list or a text like "128x128". */
function blockOf(weights: ConfigFields): { rows: number; columns: number } {
  const text = weights.holdsText(['block_structure']) ? weights.optionalText(['block_structure']) : null;
  if (text === null) return blockSize(weights, 'block_structure') ?? { rows: USUAL_BLOCK, columns: USUAL_BLOCK };
  const [, rows, columns] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (!Number(rows) || !Number(columns))
    throw weights.invalid('block_structure', text, 'rows x columns like "128x128"');
  return { rows: Number(rows), columns: Number(columns) };
}

function readArguments(group: ConfigFields, format: string): WeightArguments | null {
  const weights = group.nested('weights');
  const bits = weights?.optionalCount(['num_bits'], MOST_BITS) ?? null;
  if (!weights || bits === null) return null;
  const size = groupSize(weights, ['group_size'], null);
  const input = group.nested('input_activations');
  // `dynamic` is true, false or "local"; only false has a stored scale.
  const isFixed = input !== null && !input.holdsText(['dynamic']) && !input.flag(['dynamic'], false);
  return {
    bits,
    isFloat: weights.optionalText(['type']) === 'float',
    isSymmetric: weights.flag(['symmetric'], true),
    strategy: weights.optionalText(['strategy']) ?? (size === null ? 'tensor' : 'group'),
    group: size,
    block: blockOf(weights),
    keepsOrder: weights.holdsText(['actorder']) && weights.optionalText(['actorder']) === 'group',
    isPacked: (group.optionalText(['format']) ?? format) === 'pack-quantized',
    activations: input === null ? 'none' : isFixed ? 'fixed' : 'dynamic',
  };
}

function floatScheme({ bits, strategy, group, block, activations }: WeightArguments): Scheme | null {
  if (bits === 4) {
    if (group === NVFP4_GROUP) return nvfp4(group, activations !== 'none');
    return group === MX_GROUP ? MXFP4 : null;
  }
  if (bits !== 8) return null;
  const bytesPerMatrix = activations === 'fixed' ? FLOAT16_BYTES : 0;
  if (strategy === 'block') return { ...fp8Blocks(block.rows, block.columns, FLOAT16_BYTES), bytesPerMatrix };
  if (group === MX_GROUP) return MXFP8;
  if (group !== null) return scheme('fp8', 8, FLOAT16_BYTES, { ...perGroup(group), bytesPerMatrix });
  return scheme('fp8', 8, FLOAT16_BYTES, { ...(strategy === 'channel' ? PER_OUTPUT : {}), bytesPerMatrix });
}

function integerScheme(weights: WeightArguments): Scheme | null {
  const { bits, isSymmetric, strategy, group, keepsOrder, isPacked, activations } = weights;
  if (bits > 8) return null;
  const isInt8 = bits === 8 && activations !== 'none';
  // A word holds whole numbers only: ten of 3 bits, not ten and two thirds.
  const storedBits = isPacked ? WORD_BITS / Math.floor(WORD_BITS / bits) : Math.max(bits, 8);
  const shape = group !== null ? perGroup(group) : strategy === 'channel' ? PER_OUTPUT : {};
  return scheme(isInt8 ? 'int8' : weightOnlyPrecision(bits), storedBits, FLOAT16_BYTES, {
    ...shape,
    zeroPointBits: isSymmetric ? 0 : storedBits,
    bytesPerInput: keepsOrder ? FLOAT32_BYTES : 0,
    bytesPerMatrix: (isPacked ? SHAPE_BYTES : 0) + (activations === 'fixed' ? FLOAT16_BYTES : 0),
  });
}

/** `Linear` and the classes vLLM has for it: not a module, but a kind of module. */
const isClassOfLinear = (target: string): boolean => /^[A-Z][A-Za-z0-9]*$/.test(target) && target.endsWith('Linear');
const EXPERT_CLASSES: ReadonlySet<string> = new Set(['FusedMoE', 'RoutedExperts']);

interface Group {
  scheme: Scheme;
  /** Modules by name. */
  named: string[];
  /** Converts every linear layer that no name decides. */
  isForAll: boolean;
  isForExperts: boolean;
}

function readGroup(group: ConfigFields, format: string, isOnly: boolean): Group | null {
  const weights = readArguments(group, format);
  const stored = weights && (weights.isFloat ? floatScheme(weights) : integerScheme(weights));
  if (!stored) return null;
  const targets = group.optionalTexts(['targets'], LONGEST_LIST);
  if (targets === null && !isOnly) return null;
  const classes = (targets ?? ['Linear']).filter((target) => isClassOfLinear(target) || EXPERT_CLASSES.has(target));
  return {
    scheme: stored,
    named: (targets ?? []).filter((target) => !classes.includes(target)),
    isForAll: classes.some(isClassOfLinear),
    isForExperts: classes.some((name) => EXPERT_CLASSES.has(name)),
  };
}

/** Formats with zeros left out: their size depends on the weights themselves. */
const isSparse = (quantization: ConfigFields): boolean => {
  const sparsity = quantization.nested('sparsity_config')?.optionalText(['format']) ?? 'dense';
  const format = quantization.optionalText(['format']) ?? '';
  return sparsity !== 'dense' || format.includes('24') || format.startsWith('sparse');
};

/**
 * compressed-tensors (llm-compressor): `ignore` first, then the first group that names a module, then the group for the
 * class. The head is a linear layer like any other, so that recipes that leave it alone list it.
 */
export const compressedTensors: MethodReader = (quantization) => {
  const groups = quantization.nested('config_groups')?.members() ?? [];
  if (groups.length === 0 || isSparse(quantization)) return null;
  const format = quantization.optionalText(['format']) ?? '';
  const read = groups.map(([, group]) => readGroup(group, format, groups.length === 1));
  const known = read.filter((group) => group !== null);
  if (known.length < read.length) return null;
  const rules = known
    .filter(({ named }) => named.length > 0)
    .map((group): Rule => ({ modules: new ModuleList(group.named), scheme: group.scheme }));
  const byClass = known.find(({ isForAll }) => isForAll) ?? known.find(({ isForExperts }) => isForExperts);
  const scope: Scope[] = byClass?.isForAll ? ['layers', 'head', 'towers'] : ['experts'];
  return { rules: [...keptRules(quantization), ...rules], otherwise: byClass?.scheme ?? null, scope };
};
