import { formatDate, formatFixed, formatTick, NO_VALUE } from '../../../src-worker/protocol/numbers.ts';
import type { Column } from '../../format/columns.ts';
import type { CatalogEntry, TabId } from './entries.ts';

type EntryColumn = Column<CatalogEntry>;

/** The mark beside a name: whose the entry is, and whether some of its facts are. */
export function marksOf({ layer, corrections, imported }: CatalogEntry): string[] {
  // Every import is one's own.
  if (imported !== null) return [];
  const own = { bundled: [], imported: ['yours'], file: ['from a file'] }[layer];
  return corrections > 0 ? [...own, 'corrected'] : own;
}

const cell = (entry: CatalogEntry, id: string): number | string | null => {
  const value = entry.cells[id] ?? null;
  return value === '' ? null : value;
};

/** In digits; only some of Azure's names of instances are longer. */
const LONGEST_NAME = 27;

/** The name with its marks, as wide as both. */
function nameColumn(label: string, mostCharacters = LONGEST_NAME): EntryColumn {
  return {
    ...words('name', label),
    mostCharacters,
    text: (entry) => [String(cell(entry, 'name') ?? ''), ...marksOf(entry)].join(' '),
  };
}

function words(id: string, label: string, definition = '', unit = ''): EntryColumn {
  return {
    id,
    label,
    unit,
    definition,
    isNumber: false,
    value: (entry) => cell(entry, id),
    text: (entry) => String(cell(entry, id) ?? NO_VALUE),
  };
}

/** Equal places down the column, or as the value is where most are whole; from a hundred up it is rounded. */
type Places = number | 'plain';
const ROUNDED_FROM = 100;

function amount(id: string, label: string, unit: string, places: Places, definition = ''): EntryColumn {
  const value = (entry: CatalogEntry): number | null => {
    const found = cell(entry, id);
    return typeof found === 'number' ? found : null;
  };
  const text = (entry: CatalogEntry): string => {
    const shown = value(entry);
    if (shown === null) return NO_VALUE;
    if (places !== 'plain') return formatFixed(shown, places);
    return shown >= ROUNDED_FROM ? formatFixed(shown) : formatTick(shown);
  };
  return { id, label, unit, definition, isNumber: true, value, text };
}

const day = (id: string, label: string, definition = ''): EntryColumn => ({
  ...words(id, label, definition),
  text: (entry) => {
    const found = cell(entry, id);
    return typeof found === 'string' ? formatDate(found) : NO_VALUE;
  },
});

const hidden = (column: EntryColumn): EntryColumn => ({ ...column, isHidden: true });

/** Most instances have whole GPUs; a slice shows its part. */
const gpuCount = (definition: string): EntryColumn => amount('gpus', 'GPUs', '', 'plain', definition);

/** Places that tell the cheapest instances apart. */
const PRICE_PLACES = 3;
const DENSE = 'Dense, without structured sparsity.';

const GPU: EntryColumn = { ...words('gpu', 'GPU'), mostCharacters: 20 };

const usable = amount('usable', 'Usable', 'GiB', 2, 'What CUDA reports as total: what vLLM budgets from.');
const USABLE: EntryColumn = {
  ...usable,
  // A star: not seen in a log, but estimated.
  text: (entry) => `${usable.text(entry)}${/^estimate/.test(String(entry.cells['usableBasis'])) ? '*' : ''}`,
};

const COLUMNS: Record<TabId, EntryColumn[]> = {
  gpus: [
    nameColumn('GPU'),
    amount('memory', 'Memory', 'GB', 0, 'As it is sold.'),
    USABLE,
    amount('bandwidth', 'Bandwidth', 'GB/s', 0, 'Of its memory, at the peak.'),
    amount('fp16', '16 bit', 'TFLOP/s', 'plain', DENSE),
    amount('fp8', 'FP8', 'TFLOP/s', 'plain', `${DENSE} A dash: it has no units for it.`),
    { ...words('link', 'Link', 'Fast link to other GPUs, in one direction.', 'GB/s a way'), mostCharacters: 14 },
    words('architecture', 'Architecture'),
    hidden(amount('int8', 'INT8', 'TOP/s', 'plain', DENSE)),
    hidden(amount('fp4', 'FP4', 'TFLOP/s', 'plain', DENSE)),
    hidden(words('vendor', 'Vendor')),
    hidden(words('capability', 'Capability', 'Compute capability, or the target of AMD.')),
    hidden(amount('power', 'Power', 'W', 0)),
    hidden(amount('instances', 'Instances', '', 0, 'Of the catalogs that have it.')),
    hidden(amount('cheapest', 'From', '$/h', PRICE_PLACES, 'Cheapest instance with it, on demand.')),
  ],
  instances: [
    nameColumn('Instance'),
    words('provider', 'Cloud'),
    GPU,
    gpuCount('In the instance; less than 1 is a slice.'),
    amount('memory', 'Host memory', 'GiB or GB', 0, 'In the unit its cloud publishes.'),
    amount('cheapest', 'From', '$/h', PRICE_PLACES, 'Lowest price on demand.'),
    amount('regions', 'Regions', '', 0, 'It has a price in.'),
    words('interconnect', 'Link', 'What joins its GPUs.'),
    hidden(amount('cheapestPerGpu', 'A GPU from', '$/h', PRICE_PLACES, 'Lowest price on demand, divided by its GPUs.')),
    hidden(amount('vcpus', 'vCPUs', '', 0)),
    hidden(amount('network', 'Network', 'Gbit/s', 'plain')),
    hidden(words('status', 'Status', 'Legacy and retired ones are only sized when asked for.')),
  ],
  prices: [
    nameColumn('Instance', 24),
    words('provider', 'Cloud'),
    words('region', 'Region'),
    amount('onDemand', 'On demand', '$/h', PRICE_PLACES, 'Of the whole instance.'),
    amount('spot', 'Spot', '$/h', PRICE_PLACES, 'Can be taken away at any time.'),
    day('asOf', 'As of'),
    GPU,
    gpuCount('In the instance; less than 1 is a slice.'),
    { ...words('zones', 'Zones', 'Where it can be had; a dash: not known.'), mostCharacters: 18 },
    hidden(amount('perGpu', 'A GPU', '$/h', PRICE_PLACES, 'On demand, divided by its GPUs.')),
  ],
  zones: [
    nameColumn('Zone'),
    words('provider', 'Cloud'),
    amount('instances', 'Instances', 'types', 0, 'Types that are offered there.'),
    amount('gpus', 'GPUs', 'kinds', 0, 'Kinds of GPU that are offered there.'),
    amount('from', 'From', '$/h a GPU', PRICE_PLACES, 'Lowest price on demand, divided by the GPUs of its instance.'),
    amount('to', 'To', '$/h a GPU', PRICE_PLACES, 'Highest price on demand, divided by the GPUs of its instance.'),
    amount(
      'spotFrom',
      'Spot from',
      '$/h a GPU',
      PRICE_PLACES,
      'Lowest spot price, divided by the GPUs of its instance.',
    ),
    words('region', 'Region'),
    hidden(amount('spotTo', 'Spot to', '$/h a GPU', PRICE_PLACES, 'Highest spot price, divided by its GPUs.')),
    hidden({ ...words('gpuNames', 'Kinds of GPU'), mostCharacters: 40 }),
  ],
  workloads: [
    nameColumn('Workload'),
    amount('prompt', 'Prompt', 'tokens', 0, 'On average, with what the application adds.'),
    amount('output', 'Answer', 'tokens', 0, 'On average.'),
    amount('ttft', 'TTFT P95', 'ms', 0, 'Target for the time to the first token.'),
    amount('tpot', 'TPOT P95', 'ms', 0, 'Target for the time per output token.'),
    { ...words('description', 'Description'), mostCharacters: 60 },
    hidden({ ...words('source', 'Source'), mostCharacters: 40 }),
  ],
  imports: [
    nameColumn('File'),
    words('state', 'State'),
    day('importedAt', 'Imported'),
    words('format', 'Format'),
    amount('gpus', 'GPUs', '', 0),
    amount('instances', 'Instances', '', 0),
    amount('prices', 'Prices', '', 0),
    amount('workloads', 'Workloads', '', 0),
    amount('leftOut', 'Problems', '', 0, 'What could not be used when it was read.'),
  ],
};

export const columnsOf = (tab: TabId): EntryColumn[] => COLUMNS[tab];
