import { costOf, type Cost } from '../../engine/cost/cost.ts';
import type { Instance, RegionOffer } from '../../engine/hardware/types.ts';
import { priceDate } from '../../engine/sizing/offers.ts';
import type { PlanGroup, Refusal, TakenPlan } from '../../engine/sizing/types.ts';
import type { PlacePoint, SizingPoint } from '../../engine/sweep/demand-axes.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { BatchTable, ColumnBatch, Factors } from '../../protocol/columns.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { SWEEP_COLUMNS, type SweepColumn } from '../../protocol/sweep-columns.ts';
import { commandTexts, dataParallelOf } from '../commands.ts';
import { memoryDocument, rounded } from '../common.ts';
import { spareReplicas } from '../recommendation.ts';
import type { RowContext } from '../replica-part.ts';
import { replicaReaders as LOAD, type ReplicaFigures } from './document-rows.ts';
import {
  sharedTable,
  tableBuilder,
  type SharedTable,
  type TableBuilder,
  type TablePart,
  type TableReaders,
} from './tables.ts';

/* The tables of a sweep's rows: what a row is made of, and on what each part depends. */

/** Where a row stands on the axes. */
export interface AxisPoint {
  pointId: number;
  input: SizeInput;
  isRate: boolean;
  sizing: SizingPoint;
  place: PlacePoint;
  priceFactor: number;
}

/** An instance at an offer, whatever its price is multiplied by at a point; one that is refused has at most a region. */
export type PlacedInstance =
  | { instance: Instance; region: string | null }
  | {
      instance: Instance;
      offer: RegionOffer;
      otherRegions: number;
      usdPerHour: number | null;
      pricing: SizeInput['pricing'];
    };

/** A plan of the input: one that is taken, with its capacity, or one that is refused. */
export interface RowPlan {
  input: SizeInput;
  /** null = none came near. */
  group: PlanGroup | null;
  isTaken: boolean;
}

/** A plan that is taken for a load, with what it costs where an instance costs a dollar an hour. */
export interface Deployment {
  plan: TakenPlan;
  context: RowContext;
  atADollar: Cost;
}

export function deploymentOf(plan: TakenPlan, context: RowContext): Deployment {
  const { moments } = context.prepared.subject.lengths;
  const atADollar = costOf({
    usdPerHourPerInstance: 1,
    instances: plan.instances,
    rateReqPerS: context.demand.rateReqPerS,
    promptTokensMean: moments.promptMean,
    outputTokensMean: moments.outputMean,
  });
  return { plan, context, atADollar };
}

/** An axis of prices: what those of the catalog are multiplied by. */
const PRICE_FACTOR = 'price_factor';

const POINT: TableReaders<AxisPoint> = {
  point_id: ({ pointId }) => pointId,
  users: ({ isRate, sizing }) => (isRate ? null : sizing.load),
  rate: ({ isRate, sizing }) => (isRate ? sizing.load : null),
  think_time: ({ sizing }) => sizing.thinkTimeS,
  headroom: ({ sizing }) => sizing.headroom,
  max_gpus: ({ sizing }) => sizing.maxGpus,
  pricing: ({ place }) => place.pricing,
  [PRICE_FACTOR]: ({ priceFactor }) => priceFactor,
  zone: ({ place }) => place.zone,
  model: ({ input }) => input.model,
  workload: ({ input }) => input.workload,
  input_tokens: ({ input }) => input.input_tokens,
  output_tokens: ({ input }) => input.output_tokens,
  prefix_hit_rate: ({ input }) => input.prefix_hit_rate,
  cacheable_ratio: ({ input }) => input.cacheable_ratio,
  calibration: ({ input }) => input.calibration,
};

/** Targets on an axis, `sla_ttft_p95_ms`. */
const targetReaders = (columns: readonly SweepColumn[]): TableReaders<AxisPoint> =>
  Object.fromEntries(
    columns
      .filter(({ name }) => name.startsWith('sla_'))
      .map(({ name }) => {
        const metric = name.slice('sla_'.length, -'_ms'.length) as keyof SizeInput['sla'];
        return [name, ({ input }: AxisPoint) => input.sla[metric] ?? null];
      }),
  );

/**
 * Columns of parts that a refused row need not have, where they are an axis: every row says what its point asks for. They stand
 * in the table of points, the first, and so go before those of the parts.
 */
const ASKED: Record<string, TableReaders<AxisPoint>> = {
  region: { region: ({ place }) => place.region },
  pp: { pipeline_parallel: ({ input }) => input.pp },
  kv_cache_dtype: { kv_cache_dtype: ({ input }) => input.kv_cache_dtype },
};

const askedReaders = (axes: readonly string[]): TableReaders<AxisPoint> =>
  Object.assign({}, ...axes.map((axis) => ASKED[axis] ?? {})) as TableReaders<AxisPoint>;

/** Names of columns that only make others. */
const ID_PLACE = 'id_place';
/** USD per hour of an instance in the catalog, with all its digits: a product of a rounded price would be rounded twice. */
const PRICE = 'exact_usd_per_hour_instance';
const ID_PLAN = 'id_plan';
const AT_A_DOLLAR = {
  cost_usd_per_month: 'month_at_a_dollar',
  cost_usd_per_request: 'request_at_a_dollar',
  cost_usd_per_1k_tokens: 'tokens_1k_at_a_dollar',
  cost_usd_per_1m_output_tokens: 'output_tokens_1m_at_a_dollar',
} as const;

const offered = <Value>(read: (placed: Extract<PlacedInstance, { offer: RegionOffer }>) => Value) => {
  return (placed: PlacedInstance): Value | null => ('offer' in placed ? read(placed) : null);
};

const OFFER: TableReaders<PlacedInstance> = {
  provider: ({ instance }) => instance.provider,
  instance: ({ instance }) => instance.name,
  gpu: ({ instance }) => instance.gpuId,
  region: (placed) => ('offer' in placed ? placed.offer.region : placed.region),
  gpu_count: offered(({ instance }) => instance.gpuCount),
  other_regions: offered(({ otherRegions }) => otherRegions),
  catalog: offered(({ instance }) => instance.layer),
  cost_usd_per_hour_instance: offered(({ usdPerHour }) => (usdPerHour === null ? null : rounded(usdPerHour))),
  [PRICE]: offered(({ usdPerHour }) => usdPerHour),
  cost_price_as_of: offered(({ offer, pricing }) => priceDate(offer, pricing)),
  cost_reason: offered(({ usdPerHour }) => (usdPerHour === null ? 'own_hardware' : null)),
  [ID_PLACE]: offered(({ instance, offer }) => `${instance.provider}/${instance.name}/${offer.region}/`),
};

const taken = <Value>(read: (row: { input: SizeInput; group: PlanGroup }) => Value) => {
  return ({ isTaken, group, input }: RowPlan): Value | null => (isTaken && group ? read({ group, input }) : null);
};
const memory = (read: (document: ReturnType<typeof memoryDocument>) => number | null) =>
  taken(({ group }) => (group.memory ? read(memoryDocument(group.memory)) : null));

const PLAN: TableReaders<RowPlan> = {
  quantization: ({ input, group }) => onlyOf(input.quantization) ?? group?.precision ?? null,
  tensor_parallel: ({ input, group }) => group?.tensorParallel ?? input.tp,
  pipeline_parallel: ({ group }) => group?.pipelineParallel ?? null,
  kv_cache_dtype: taken(({ input }) => input.kv_cache_dtype),
  capacity_requests_per_s: taken(({ group }) => group.load && rounded(group.load.ratePerMsAtCapacity * MS_PER_S)),
  memory_weights_gib: memory(({ weights_gib: gib }) => gib),
  memory_kv_cache_gib: memory(({ kv_cache_gib: gib }) => gib),
  memory_kv_cache_tokens: memory(({ kv_cache_tokens: tokens }) => tokens),
  memory_activation_gib: memory(({ activation_gib: gib }) => gib),
  memory_overhead_gib: memory(({ overhead_gib: gib }) => gib),
  memory_free_gib: memory(({ free_gib: gib }) => gib),
  memory_total_gib: memory(({ total_gib: gib }) => gib),
  [ID_PLAN]: taken(({ group }) => `tp${group.tensorParallel}pp${group.pipelineParallel}/${group.precision}`),
};

const onlyOf = (asked: string[]): string | null => (asked.length === 1 ? (asked[0] ?? null) : null);

const DEPLOYMENT: TableReaders<Deployment> = {
  replicas: ({ plan }) => plan.replicas,
  replicas_per_instance: ({ plan }) => plan.replicasPerInstance,
  spare_replicas: ({ plan }) => spareReplicas(plan),
  instances: ({ plan }) => plan.instances,
  vllm_command: ({ plan, context: { prepared } }) =>
    commandTexts({ prepared, group: plan.group, replicas: dataParallelOf(plan, prepared) }).highPerformance,
  [AT_A_DOLLAR.cost_usd_per_month]: ({ atADollar }) => atADollar.usdPerMonth,
  [AT_A_DOLLAR.cost_usd_per_request]: ({ atADollar }) => atADollar.usdPerRequest,
  [AT_A_DOLLAR.cost_usd_per_1k_tokens]: ({ atADollar }) => atADollar.usdPer1kTokens,
  [AT_A_DOLLAR.cost_usd_per_1m_output_tokens]: ({ atADollar }) => atADollar.usdPer1mOutputTokens,
};

const REFUSAL: TableReaders<Refusal> = {
  reason: ({ reason }) => reason,
  detail: ({ detail }) => detail,
  margin_metric: ({ margin }) => margin?.metric ?? null,
  margin_value: ({ margin }) => (margin ? rounded(margin.value) : null),
  margin_limit: ({ margin }) => (margin ? rounded(margin.limit) : null),
  margin_unit: ({ margin }) => margin?.unit ?? null,
};

/** Rank 0 = does not pass. */
const RANK: TableReaders<number> = {
  rank: (rank) => (rank === 0 ? null : rank),
  meets_sla: (rank) => rank > 0,
};

export interface RowTables {
  points: TableBuilder<AxisPoint>;
  offers: TablePart;
  plans: TableBuilder<RowPlan>;
  deployments: TableBuilder<Deployment>;
  loads: TableBuilder<ReplicaFigures>;
  refusals: TableBuilder<Refusal>;
  ranks: TableBuilder<number>;
}

export const TABLES = ['points', 'offers', 'plans', 'deployments', 'loads', 'refusals', 'ranks'] as const;

const hidden = (name: string, type: SweepColumn['type']): SweepColumn => ({ name, type, unit: null });
const HIDDEN: SweepColumn[] = [
  hidden(ID_PLACE, 'text'),
  hidden(ID_PLAN, 'text'),
  hidden(PRICE, 'number'),
  ...Object.values(AT_A_DOLLAR).map((name) => hidden(name, 'number')),
];

/** Offers of an input, which all its units share. */
export const offerTable = (): SharedTable<PlacedInstance> => sharedTable([...SWEEP_COLUMNS, ...HIDDEN], OFFER);

/** Empty tables for a batch of a sweep over these axes, beside the offers it shares with others. */
export function rowTables(
  columns: readonly SweepColumn[],
  axes: readonly string[],
  offers: SharedTable<PlacedInstance>,
): RowTables {
  const known = [...columns, ...HIDDEN];
  return {
    points: tableBuilder(known, { ...POINT, ...targetReaders(columns), ...askedReaders(axes) }),
    offers: offers.part(),
    plans: tableBuilder(known, PLAN),
    deployments: tableBuilder(known, DEPLOYMENT),
    loads: tableBuilder(known, LOAD),
    refusals: tableBuilder(known, REFUSAL),
    ranks: tableBuilder(known, RANK),
  };
}

/** The rows of a batch: columns that no table has are made of those that tables have. */
export function starBatch(rows: number, columns: readonly SweepColumn[], tables: BatchTable[]): ColumnBatch {
  const hasFactors = columns.some(({ name }) => name === PRICE_FACTOR);
  const times = (factor: string): Factors => (hasFactors ? [PRICE, PRICE_FACTOR, factor] : [PRICE, factor]);
  return {
    rows,
    order: columns.map(({ name }) => name),
    tables,
    products: {
      ...(hasFactors && { cost_usd_per_hour_instance: [PRICE, PRICE_FACTOR] }),
      cost_usd_per_hour: times('instances'),
      ...Object.fromEntries(Object.entries(AT_A_DOLLAR).map(([column, factor]) => [column, times(factor)])),
    },
    joined: { id: [ID_PLACE, ID_PLAN] },
  };
}
