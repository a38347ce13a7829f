import type { Benchmark } from '../../validation/benchmark.ts';
import { kernelFormat } from '../../roofline/achieved-rates.ts';
import { familyOf } from '../lookup.ts';
import type { CalibrationPriors, CalibrationProfile, FittedOverhead, GenerationOverheads, Prior } from '../types.ts';

/** A host that measurements ran on, relative to the one that predictions are made for. */
export interface MachineFactors {
  host: number;
  /** Of the time by streamed token, beside the host's: clients and front ends differ. */
  stream: number;
  /** Of the time by request, beside the host's. */
  request: number;
}

const USUAL_MACHINE: Readonly<MachineFactors> = { host: 1, stream: 1, request: 1 };

/** What a fit moves: the profile, and what is special about the machines of its measurements. */
export interface FitState {
  profile: CalibrationProfile;
  machines: Record<string, MachineFactors>;
}

/** One number of the state. Parameters are positive and are moved in their logarithm. */
export interface Parameter {
  /** Path in the profile, or `machines.…`: `families.gddr.bandwidth`. */
  name: string;
  prior: Prior;
  get: (state: FitState) => number;
  set: (state: FitState, value: number) => void;
  /** Can it change what is predicted of this benchmark? */
  touches: (benchmark: Benchmark) => boolean;
}

type Touches = (benchmark: Benchmark) => boolean;

const hasExperts: Touches = ({ deployment }) => deployment.model.layers.some(({ ffn }) => ffn.experts !== null);
const isWeightOnly: Touches = ({ deployment }) => deployment.support.kind === 'weight_only';
const hasFp8Experts: Touches = (b) => hasExperts(b) && b.deployment.precision === 'fp8';
const fabricsOf = ({ deployment }: Benchmark): string[] =>
  [deployment.fabric, deployment.pipeline?.fabric, deployment.dataParallel?.fabric].flatMap((fabric) =>
    fabric ? [fabric.kind] : [],
  );
const gpusOfMessages = ({ deployment }: Benchmark): number =>
  deployment.tensorParallel * (deployment.dataParallel?.ranks ?? 1);
const isServed: Touches = ({ deployment }) => deployment.streamsTokens !== false;
const isClosed: Touches = ({ kind }) => kind === 'closed_loop';
const everywhere: Touches = () => true;

/** Constants of which parts of the measurements know nothing; the others touch all. */
const TOUCHED_BY_CONSTANT: Readonly<Record<string, Touches>> = {
  extraTokensPerExpert: hasExperts,
  expertComputeFactor: hasExperts,
  expertReadFactor: hasExperts,
  expertReadFactorFp8: hasFp8Experts,
  moeOverheadFactorFp8: hasFp8Experts,
  linkEfficiency: (b) => fabricsOf(b).length > 0,
  pcieLinkFactor: (b) => fabricsOf(b).some((kind) => kind === 'pcie' || kind === 'pcie_gf'),
  stagedLinkFactor: (b) => fabricsOf(b).includes('pcie_gf'),
  weightOnlyLayerUs: isWeightOnly,
  allReduceGrowth: (b) => gpusOfMessages(b) > 2,
  closedLoopInStep: isClosed,
  closedLoopBurst: isClosed,
  closedLoopInStepOfDrawnLengths: (b) => isClosed(b) && b.hasDrawnLengths,
};

const TOUCHED_BY_OVERHEAD: Readonly<Partial<Record<FittedOverhead, Touches>>> = {
  moeLayerUs: hasExperts,
  expertReadFactor: hasExperts,
  allReduceFactor: (b) => fabricsOf(b).length > 0,
  streamUs: isServed,
  requestMs: isServed,
  clumpFactor: isClosed,
  burstFactor: isClosed,
};

/** Overheads that a profile may leave out, where they are 1. */
const OPTIONAL_OVERHEADS: readonly FittedOverhead[] = ['decodeAttentionFactor', 'clumpFactor', 'burstFactor'];

function constants(priors: CalibrationPriors): Parameter[] {
  return Object.entries(priors.constants).map(([name, prior]) => ({
    name: `constants.${name}`,
    prior,
    get: ({ profile }) => constant(profile, name).value,
    set: ({ profile }, value) => void (constant(profile, name).value = value),
    touches: TOUCHED_BY_CONSTANT[name] ?? everywhere,
  }));
}

function constant(profile: CalibrationProfile, name: string): { value: number } {
  const found = profile.constants[name];
  if (!found) throw new Error(`the priors name a constant "${name}" that profile "${profile.name}" lacks`);
  return found;
}

function families(profile: CalibrationProfile, priors: CalibrationPriors): Parameter[] {
  const isOf =
    (name: string): Touches =>
    ({ deployment }) =>
      familyOf(profile, deployment.gpu).name === name;
  return Object.keys(profile.families).flatMap((name) =>
    (['bandwidth', 'compute'] as const).map((part): Parameter => ({
      name: `families.${name}.${part}`,
      prior: priors.families[part],
      get: (state) => state.profile.families[name]?.[part] ?? 1,
      set: (state, value) => {
        const family = state.profile.families[name];
        if (family) family[part] = value;
      },
      touches: isOf(name),
    })),
  );
}

type Table = 'gpuBandwidthFactors' | 'precisionComputeFactors' | 'precisionBandwidthFactors' | 'allReduceUs';

const entry = (table: Table, key: string, prior: Prior, touches: Touches): Parameter => ({
  name: `${table}.${key}`,
  prior,
  get: ({ profile }) => (profile[table] as Record<string, number>)[key] ?? prior.value,
  set: ({ profile }, value) => void ((profile[table] as Record<string, number>)[key] = value),
  touches,
});

function tables(priors: CalibrationPriors, gpuIds: readonly string[]): Parameter[] {
  const runsAs =
    (format: string): Touches =>
    ({ deployment }) =>
      kernelFormat(deployment) === format;
  return [
    ...gpuIds.map((id) =>
      entry('gpuBandwidthFactors', id, priors.gpuBandwidthFactors, ({ deployment }) => deployment.gpu.id === id),
    ),
    ...(['precisionComputeFactors', 'precisionBandwidthFactors'] as const).flatMap((table) =>
      Object.entries(priors[table]).map(([format, prior]) => entry(table, format, prior, runsAs(format))),
    ),
    ...Object.entries(priors.allReduceUs).map(([kind, prior]) =>
      entry('allReduceUs', kind, prior, (b) => fabricsOf(b).includes(kind)),
    ),
  ];
}

function overheads(profile: CalibrationProfile, priors: CalibrationPriors): Parameter[] {
  return Object.keys(profile.generations).flatMap((generation) =>
    (Object.entries(priors.generations) as [FittedOverhead, Prior][]).map(([field, common]): Parameter => {
      const prior = priors.knownGenerations[generation]?.[field] ?? common;
      const touches = TOUCHED_BY_OVERHEAD[field] ?? everywhere;
      return {
        name: `generations.${generation}.${field}`,
        prior,
        get: (state) => overheadsOf(state, generation)[field] ?? prior.value,
        set: (state, value) => void (overheadsOf(state, generation)[field] = value),
        touches: (b) => b.generation === generation && touches(b),
      };
    }),
  );
}

function overheadsOf({ profile }: FitState, generation: string): GenerationOverheads {
  const found = profile.generations[generation];
  if (!found) throw new Error(`profile "${profile.name}" lost generation "${generation}"`);
  return found;
}

function machineParameters(names: readonly string[], { machines }: CalibrationPriors): Parameter[] {
  return names.flatMap((machine) =>
    (['host', 'stream', 'request'] as const).map((part): Parameter => ({
      name: `machines.${machine}.${part}`,
      prior: machines[part],
      get: (state) => state.machines[machine]?.[part] ?? 1,
      set: (state, value) => {
        state.machines[machine] = { ...USUAL_MACHINE, ...state.machines[machine], [part]: value };
      },
      touches: (b) => b.machine === machine && (part === 'host' || isServed(b)),
    })),
  );
}

/** Which parameters a fit moves. */
export interface FitScope {
  /** Machines whose hosts are told apart from the profile. A person's own servers are what the profile is for: none then. */
  separatesMachines: boolean;
}

/** Every parameter that some benchmark informs. */
export function parametersFor(
  profile: CalibrationProfile,
  priors: CalibrationPriors,
  benchmarks: readonly Benchmark[],
  scope: FitScope,
): Parameter[] {
  const gpuIds = [...new Set(benchmarks.map(({ deployment }) => deployment.gpu.id))].sort();
  const machines = scope.separatesMachines ? [...new Set(benchmarks.map(({ machine }) => machine))].sort() : [];
  return [
    ...constants(priors),
    ...families(profile, priors),
    ...tables(priors, gpuIds),
    ...overheads(profile, priors),
    ...machineParameters(machines, priors),
  ].filter(({ touches }) => benchmarks.some(touches));
}

/**
 * How far a parameter of a profile may move, relative to its prior: what measurements informed is known better than what was
 * believed before them.
 */
const HELD = { informed: 0.4, uninformed: 0.8 };

/** The parameters with a profile's own values as what is believed of them; what it has at 0 has no logarithm and stays. */
export function heldNear(profile: CalibrationProfile, parameters: readonly Parameter[]): Parameter[] {
  const state: FitState = { profile, machines: {} };
  return parameters.flatMap((parameter) => {
    const { name, prior, get } = parameter;
    const value = get(state);
    if (value <= 0) return [];
    const held = profile.evidence?.[name]?.isInformed ? HELD.informed : HELD.uninformed;
    return [{ ...parameter, prior: { value, spread: prior.spread * held } }];
  });
}

/** The state in which every parameter stands at its prior. */
export function priorState(profile: CalibrationProfile, parameters: readonly Parameter[]): FitState {
  const state: FitState = { profile: structuredClone(profile), machines: {} };
  for (const { prior, set } of parameters) set(state, prior.value);
  for (const generation of Object.values(state.profile.generations)) {
    for (const field of OPTIONAL_OVERHEADS) generation[field as 'clumpFactor'] ??= 1;
  }
  return state;
}

/** The profile as it holds for a machine: a slow host takes longer for everything that is not the GPU's work. */
export function profileOnMachine(state: FitState, { machine, generation }: Benchmark): CalibrationProfile {
  const factors = state.machines[machine];
  const overheads = state.profile.generations[generation];
  if (!factors || !overheads || Object.values(factors).every((factor) => factor === 1)) return state.profile;
  const { host, stream, request } = factors;
  const slowed: GenerationOverheads = {
    ...overheads,
    stepMs: overheads.stepMs * host,
    // Launches of a layer overlap with the GPU's work for the better part.
    layerUs: overheads.layerUs * Math.sqrt(host),
    sequenceUs: overheads.sequenceUs * host,
    streamUs: overheads.streamUs * host * stream,
    ...(overheads.requestMs !== undefined && { requestMs: overheads.requestMs * host * request }),
  };
  return { ...state.profile, generations: { ...state.profile.generations, [generation]: slowed } };
}
