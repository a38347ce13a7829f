import { Command } from 'commander';
import type { z } from 'zod';
import {
  predictInputSchema,
  queueInputSchema,
  simulateInputSchema,
  sizeInputSchema,
} from '../../src-worker/protocol/requests.ts';
import type { CommandContext, Options, Run } from './context.ts';
import { suggestNames } from '../../src-worker/protocol/suggest.ts';
import { EXIT, usageError } from './errors.ts';
import {
  addOptions,
  CALIBRATE_OPTIONS,
  CATALOG_CORRECT_OPTIONS,
  CATALOG_EXPORT_OPTIONS,
  CATALOG_FILE_OPTIONS,
  CATALOG_IMPORT_OPTIONS,
  CATALOG_LIST_OPTIONS,
  CATALOG_OPTIONS,
  CATALOG_SHOW_OPTIONS,
  EXPLAIN_OPTIONS,
  IMPORT_BENCHMARK_OPTIONS,
  JSON_OPTION,
  MODEL_FITS_OPTIONS,
  MODEL_HOLDS_OPTIONS,
  MODEL_IMPORT_OPTIONS,
  MODEL_PULL_OPTIONS,
  PREDICT_OPTIONS,
  QUEUE_OPTIONS,
  RUN_BREAK_EVEN_OPTIONS,
  RUN_FRONTIER_OPTIONS,
  RUN_GOODPUT_OPTIONS,
  RUN_EXPORT_OPTIONS,
  RUN_RERUN_OPTIONS,
  RUN_ROWS_OPTIONS,
  RUN_SHOW_OPTIONS,
  SENSITIVITY_OPTIONS,
  SERVE_OPTIONS,
  SIMULATE_OPTIONS,
  SIZE_OPTIONS,
  SWEEP_MERGE_OPTIONS,
  SWEEP_OPTIONS,
  SWEEP_RESUME_OPTIONS,
  VALIDATE_OPTIONS,
  type OptionSpec,
} from './options.ts';

const EXAMPLES = `Examples:
  configiq --model meta-llama/Llama-2-7b-hf --workload chat --users 100
  configiq sweep -m meta-llama/Llama-3.1-8B-Instruct -u 10,50,100 -q fp16,fp8 --export rows.csv
  configiq predict -m meta-llama/Llama-2-7b-hf --gpu nvidia-a100-80gb --input-tokens 1k --output-tokens 200 --rate 2
`;

/** One command; its code is loaded when it runs, which keeps the others quick to start. */
interface CommandSpec {
  /** Name and arguments: `show <id>`. */
  usage: string;
  description: string;
  options?: readonly OptionSpec[];
  schema?: z.ZodObject;
  examples?: string;
  load: () => Promise<Run>;
  /** Those below it, each with options of its own. */
  commands?: CommandSpec[];
}

const COMMANDS: CommandSpec[] = [
  {
    usage: 'size',
    description: 'which hardware to rent for a model, a workload and users (also without "size")',
    options: SIZE_OPTIONS,
    schema: sizeInputSchema,
    examples: `Examples:
  configiq size -m meta-llama/Llama-2-7b-hf -u 100
  configiq size -m meta-llama/Llama-2-70b-hf -w rag -u 50 --headroom 50 --zone us-central1-a --top 5
  configiq size -m ./config.json -u 200 -q fp8,int4 --sla ttft-p95=300 --json
`,
    load: async () => (await import('./commands/size.ts')).runSize,
  },
  {
    usage: 'explain [run] [rank] [metric]',
    description: 'where the figures of a configuration come from',
    options: EXPLAIN_OPTIONS,
    schema: sizeInputSchema,
    examples: `Examples:
  configiq explain -m meta-llama/Llama-2-7b-hf -u 100
  configiq explain -m meta-llama/Llama-2-7b-hf -u 100 --rank 2 ttft_p95
  configiq explain 3 1 usd_per_hour        run 3 of the history (size --save, runs list), rank 1
`,
    load: async () => (await import('./commands/explain.ts')).runExplain,
  },
  {
    usage: 'sensitivity',
    description: 'which inputs move the cheapest answer: each lowered and raised by some percent',
    options: SENSITIVITY_OPTIONS,
    schema: sizeInputSchema,
    examples: `Examples:
  configiq sensitivity -m meta-llama/Llama-3.1-8B-Instruct -u 100
  configiq sensitivity -m meta-llama/Llama-3.1-8B-Instruct -w rag -u 100 --by 30 --metric usd_per_request
`,
    load: async () => (await import('./commands/sensitivity.ts')).runSensitivity,
  },
  {
    usage: 'predict',
    description: 'latency and throughput of one deployment under one load',
    options: PREDICT_OPTIONS,
    schema: predictInputSchema,
    examples: `Examples:
  configiq predict -m meta-llama/Llama-2-7b-hf --gpu h100 --input-tokens 1k --output-tokens 200 --rate 2
  configiq predict -m meta-llama/Llama-3.1-70B-Instruct --gpu h100 --tp 4 --input-tokens 2k --output-tokens 300 --concurrency 32
  configiq predict -m meta-llama/Llama-2-7b-hf --gpu h100 --input-tokens 1k --output-tokens 200 --rate 2 --method simulation
`,
    load: async () => (await import('./commands/predict.ts')).runPredict,
  },
  {
    usage: 'simulate',
    description: 'one deployment simulated step by step, under a drawn load or the requests of a trace',
    options: SIMULATE_OPTIONS,
    schema: simulateInputSchema,
    examples: `Examples:
  configiq simulate -m meta-llama/Llama-3.1-8B-Instruct --gpu h100 --input-tokens 1k --output-tokens 200 --rate 10
  configiq simulate -m meta-llama/Llama-3.1-8B-Instruct --gpu h100 --input-tokens 1k --output-tokens 200 --rate inf --num-prompts 500
  configiq simulate -m meta-llama/Llama-3.1-70B-Instruct --gpu h100 --tp 4 --trace requests.csv --json
`,
    load: async () => (await import('./commands/simulate.ts')).runSimulate,
  },
  {
    usage: 'sweep',
    description: 'size over several values of any option; kept as a run',
    options: SWEEP_OPTIONS,
    schema: sizeInputSchema,
    examples: `Examples:
  configiq sweep -m meta-llama/Llama-2-7b-hf -u 10..100:10 --export rows.csv
  configiq sweep -m meta-llama/Llama-2-7b-hf -u 1..1024*2 -q fp16,fp8,int4 --zone all
  configiq sweep -m meta-llama/Llama-2-7b-hf -u 100 --headroom 0..50:25 --pricing ondemand,spot --region all
  configiq sweep --spec sweep.json --dry-run
  configiq sweep --spec sweep.json --shard 2/4 --export shard-2-of-4.cqshard
  configiq sweep --spec sweep.json --manifest slurm --shards 16
`,
    load: async () => (await import('./commands/sweep.ts')).runSweep,
    commands: [
      {
        usage: 'resume <run>',
        description: 'go on with a stored sweep that was interrupted, cancelled or failed',
        options: SWEEP_RESUME_OPTIONS,
        examples: `Examples:
  configiq sweep resume 12
  configiq sweep resume 12 --export rows.csv
`,
        load: async () => (await import('./commands/sweep-resume.ts')).runSweepResume,
      },
      {
        usage: 'merge <files...>',
        description: 'the shards of a sweep as one run, which is stored',
        options: SWEEP_MERGE_OPTIONS,
        examples: `Examples:
  configiq sweep merge shard-*-of-4.cqshard --export rows.csv
`,
        load: async () => (await import('./commands/sweep-merge.ts')).runSweepMerge,
      },
    ],
  },
  {
    usage: 'queue',
    description: 'the queueing model alone: utilization, wait and response',
    options: QUEUE_OPTIONS,
    schema: queueInputSchema,
    examples: `Examples:
  configiq queue --rate 1.5 --service-ms 500
  configiq queue --rate 12 --service-ms 250 --servers 4 --distribution lognormal --service-cv 0.8
  configiq queue --rate 1.5 --service-ms 500 --arrival gamma --arrival-cv 2
`,
    load: async () => (await import('./commands/queue.ts')).runQueue,
  },
  {
    usage: 'import-benchmark <files...>',
    description: 'results of vllm bench serve, GuideLLM or inference-perf as rows of a measurement file',
    options: IMPORT_BENCHMARK_OPTIONS,
    examples: `Examples:
  configiq import-benchmark result.json
  configiq import-benchmark results/*.json --gpu h100 --tp 4 -q fp8 --engine vllm@0.11.0 --output measured.csv
`,
    load: async () => (await import('./commands/import-benchmark.ts')).runImportBenchmark,
  },
  {
    usage: 'validate [files...]',
    description: 'predictions against measured points, with the errors by metric and group',
    options: VALIDATE_OPTIONS,
    examples: `Examples:
  configiq validate
  configiq validate --measurements measured.csv --output points.csv
`,
    load: async () => (await import('./commands/validate.ts')).runValidate,
  },
  {
    usage: 'calibrate [files...]',
    description: 'fit efficiencies and overheads to measurements, into a named profile',
    options: CALIBRATE_OPTIONS,
    examples: `Examples:
  configiq import-benchmark result.json --gpu h100 --output measured.csv
  configiq calibrate --measurements measured.csv --name our-h100 --use
  configiq calibrate --name fresh --from-priors        anew, from the measurements that ship with the program
`,
    load: async () => (await import('./commands/calibrate.ts')).runCalibrate,
  },
  {
    usage: 'serve',
    description: 'the app in the browser, on this machine alone',
    options: SERVE_OPTIONS,
    load: async () => (await import('./commands/serve.ts')).runServe,
  },
  {
    usage: 'app',
    description: 'the desktop window',
    load: async () => (await import('./commands/app.ts')).runApp,
  },
  {
    usage: 'doctor',
    description: 'check versions, folders, database, catalogs and workers',
    options: JSON_OPTION,
    load: async () => (await import('./commands/doctor.ts')).runDoctor,
  },
];

const GROUPS: { name: string; description: string; examples?: string; commands: CommandSpec[] }[] = [
  {
    name: 'model',
    description: 'models: bundled, imported, pulled from a hub, or in the local Hugging Face cache',
    examples: `Examples:
  configiq model show meta-llama/Llama-3.1-8B-Instruct
  configiq model pull Qwen/Qwen3-8B
  configiq model import ./config.json --id me/my-model
`,
    commands: [
      {
        usage: 'show <model>',
        description: 'parameters, weights, KV cache and layers of a model or a config.json',
        options: JSON_OPTION,
        examples: `Examples:
  configiq model show meta-llama/Llama-3.1-8B-Instruct
  configiq model show ./config.json --json
`,
        load: async () => (await import('./commands/model.ts')).runModelShow,
      },
      {
        usage: 'fits <model>',
        description: 'which GPUs hold a model, how many of them, and how many requests at once',
        options: MODEL_FITS_OPTIONS,
        examples: `Examples:
  configiq model fits meta-llama/Llama-3.1-70B-Instruct
  configiq model fits ./config.json --tokens 32k --json
`,
        load: async () => (await import('./commands/model.ts')).runModelFits,
      },
      {
        usage: 'holds <model>',
        description: 'what one GPU holds when a group of them shares a model',
        options: MODEL_HOLDS_OPTIONS,
        examples: `Examples:
  configiq model holds meta-llama/Llama-3.1-405B-Instruct --tp 8 --pp 2
  configiq model holds deepseek-ai/DeepSeek-V3 --tp 8 --ep 8 --json
`,
        load: async () => (await import('./commands/model.ts')).runModelHolds,
      },
      {
        usage: 'list',
        description: 'every model there is, those of the local Hugging Face cache (HF_HUB_CACHE, HF_HOME) among them',
        options: JSON_OPTION,
        load: async () => (await import('./commands/model.ts')).runModelList,
      },
      {
        usage: 'pull <model>',
        description: 'fetch config.json and safetensors metadata (never weights) from the hub, and keep them',
        options: MODEL_PULL_OPTIONS,
        examples: `Examples:
  configiq model pull Qwen/Qwen3-8B
  configiq model pull meta-llama/Llama-3.1-8B-Instruct --revision main --json

Reads HF_ENDPOINT, HF_TOKEN (or the token of the Hugging Face command line), HF_HOME, HF_HUB_OFFLINE,
HF_HUB_DOWNLOAD_TIMEOUT, HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
`,
        load: async () => (await import('./commands/model.ts')).runModelPull,
      },
      {
        usage: 'import <path>',
        description: 'keep a config.json: its path, that of its folder, or - for the standard input',
        options: MODEL_IMPORT_OPTIONS,
        examples: `Examples:
  configiq model import ./config.json --id me/my-model
  configiq model import ./checkpoint
  configiq model import - --id me/my-model < config.json
`,
        load: async () => (await import('./commands/model.ts')).runModelImport,
      },
      {
        usage: 'remove <model>',
        description: 'forget an imported or pulled model',
        load: async () => (await import('./commands/model.ts')).runModelRemove,
      },
    ],
  },
  {
    name: 'catalog',
    description: 'GPUs, instances, prices, zones and workloads: bundled ones and yours',
    examples: `Examples:
  configiq catalog show h100
  configiq catalog import aws_catalog.json
  configiq catalog import catalogs/v8/gcp/vms.csv --dry-run
  configiq catalog correct aws/p5.48xlarge/us-east-1 on_demand_usd_per_hour 31.5 --note "our contract"
`,
    commands: [
      {
        usage: 'list',
        description: 'instances with their cheapest prices',
        options: CATALOG_LIST_OPTIONS,
        load: async () => (await import('./commands/catalog.ts')).runCatalogList,
      },
      {
        usage: 'zones [provider]',
        description: 'zones and what they sell',
        options: CATALOG_OPTIONS,
        load: async () => (await import('./commands/catalog.ts')).runCatalogZones,
      },
      {
        usage: 'check [path]',
        description: 'check the catalog files, or those of a folder, or one file',
        options: CATALOG_FILE_OPTIONS,
        load: async () => (await import('./commands/catalog.ts')).runCatalogCheck,
      },
      {
        usage: 'show <id>',
        description: 'every fact of a GPU, an instance or a workload, with its source, date and correction',
        options: CATALOG_SHOW_OPTIONS,
        load: async () => (await import('./commands/catalog-facts.ts')).runCatalogShow,
      },
      {
        usage: 'import <file>',
        description: "keep a catalog file: our own, the seed's, or SkyPilot's vms.csv",
        options: CATALOG_IMPORT_OPTIONS,
        load: async () => (await import('./commands/catalog-files.ts')).runCatalogImport,
      },
      {
        usage: 'diff <file>',
        description: 'what an import would change',
        options: CATALOG_FILE_OPTIONS,
        load: async () => (await import('./commands/catalog-files.ts')).runCatalogDiff,
      },
      {
        usage: 'imports',
        description: 'the catalogs that were imported, in their order: later ones win',
        options: JSON_OPTION,
        load: async () => (await import('./commands/catalog-files.ts')).runCatalogImports,
      },
      {
        usage: 'remove <number>',
        description: 'forget an imported catalog',
        options: JSON_OPTION,
        load: async () => (await import('./commands/catalog-files.ts')).runCatalogRemove,
      },
      {
        usage: 'export',
        description: 'the catalogs in force as a file',
        options: CATALOG_EXPORT_OPTIONS,
        load: async () => (await import('./commands/catalog-files.ts')).runCatalogExport,
      },
      {
        usage: 'correct <id> <field> <value>',
        description: 'your own value of one fact: of a GPU, provider/instance or provider/instance/region',
        options: CATALOG_CORRECT_OPTIONS,
        load: async () => (await import('./commands/catalog-facts.ts')).runCatalogCorrect,
      },
      {
        usage: 'restore <id> [field]',
        description: "the catalog's own value again, of one fact or of all of an entry",
        options: JSON_OPTION,
        load: async () => (await import('./commands/catalog-facts.ts')).runCatalogRestore,
      },
    ],
  },
  {
    name: 'calibration',
    description: 'the calibration profiles',
    commands: [
      {
        usage: 'list',
        description: 'profiles, and which is in use',
        options: JSON_OPTION,
        load: async () => (await import('./commands/calibration.ts')).runCalibrationList,
      },
      {
        usage: 'use <profile>',
        description: 'use a profile where a question names none; "default" = the bundled one',
        load: async () => (await import('./commands/calibration.ts')).runCalibrationUse,
      },
      {
        usage: 'remove <profile>',
        description: 'forget a profile that was fitted here',
        load: async () => (await import('./commands/calibration.ts')).runCalibrationRemove,
      },
      {
        usage: 'restore <profile>',
        description: 'put back the profile that was removed or replaced last under a name',
        load: async () => (await import('./commands/calibration.ts')).runCalibrationRestore,
      },
    ],
  },
  {
    name: 'runs',
    description: 'the history',
    examples: `Examples:
  configiq runs export 3 rows.parquet
  configiq runs diff 3 7
  configiq runs rerun 3
  configiq runs delete 3 4 5
`,
    commands: [
      {
        usage: 'list',
        description: 'stored runs, newest first',
        options: JSON_OPTION,
        load: async () => (await import('./commands/runs.ts')).runRunsList,
      },
      {
        usage: 'show <number>',
        description: 'one run: the cheapest row of each point, or every row',
        options: RUN_SHOW_OPTIONS,
        load: async () => (await import('./commands/runs.ts')).runRunsShow,
      },
      {
        usage: 'rows <number>',
        description: 'rows of a run by order, filters and page',
        options: RUN_ROWS_OPTIONS,
        examples: `Examples:
  configiq runs rows 3 --best --sort cost_usd_per_hour --limit 20
  configiq runs rows 3 --filter "users >= 100" --filter "gpu ~ h100" --sort ttft_ms_p95:desc
  configiq runs rows 3 --filter "meets_sla = 0" --columns point_id,instance,reason,detail --csv
`,
        load: async () => (await import('./commands/run-rows.ts')).runRunsRows,
      },
      {
        usage: 'frontier <number>',
        description: 'the rows of a run that no other beats in both of two metrics, at equal load',
        options: RUN_FRONTIER_OPTIONS,
        examples: `Examples:
  configiq runs frontier 3
  configiq runs frontier 3 --x cost_usd_per_hour --y tpot_ms_p50 --at users=100
`,
        load: async () => (await import('./commands/run-answers.ts')).runRunsFrontier,
      },
      {
        usage: 'break-even <number>',
        description: 'where the best choice of a sweep changes, or which of two values of an axis is cheaper',
        options: RUN_BREAK_EVEN_OPTIONS,
        examples: `Examples:
  configiq runs break-even 3
  configiq runs break-even 3 --along output_tokens --at users=100
  configiq runs break-even 3 --between pricing
`,
        load: async () => (await import('./commands/run-answers.ts')).runRunsBreakEven,
      },
      {
        usage: 'goodput <number>',
        description: 'requests a second within every target, for each configuration, GPU and dollar',
        options: RUN_GOODPUT_OPTIONS,
        load: async () => (await import('./commands/run-answers.ts')).runRunsGoodput,
      },
      {
        usage: 'export <number> <file>',
        description: 'every row of a run as a file, of any size: CSV, JSON, NDJSON or Parquet',
        options: RUN_EXPORT_OPTIONS,
        examples: `Examples:
  configiq runs export 3 rows.csv            with rows.csv.meta.json: question, versions, units
  configiq runs export 3 rows.parquet
  configiq runs export 3 /dev/stdout --format ndjson
`,
        load: async () => (await import('./commands/run-export.ts')).runRunsExport,
      },
      {
        usage: 'diff <before> <after>',
        description: 'what differs between two runs: question, versions, answers',
        options: JSON_OPTION,
        load: async () => (await import('./commands/run-diff.ts')).runRunsDiff,
      },
      {
        usage: 'rerun <number>',
        description: "ask the question of a run again with today's versions, as a new run",
        options: RUN_RERUN_OPTIONS,
        load: async () => (await import('./commands/run-rerun.ts')).runRunsRerun,
      },
      {
        usage: 'delete <numbers...>',
        description: 'remove runs with their rows, and give their room back to the disk',
        options: JSON_OPTION,
        load: async () => (await import('./commands/run-delete.ts')).runRunsDelete,
      },
    ],
  },
];

/** The whole command line. `finish` receives the exit code of the command that ran. */
export function buildProgram(context: CommandContext, finish: (exitCode: number) => void): Command {
  const program = new Command('configiq')
    .description('Which hardware to rent for a language model served with vLLM, how many, where and at what price.')
    .option('-V, --version', 'versions of the program, its engine and its catalog')
    .option('--quiet', 'no progress and no notes')
    .option('--verbose', 'with stacks in errors')
    .option('--no-color', 'lines of progress in place of one that is overwritten; the output has no color anyway')
    .addHelpText('before', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.print(text),
      // Errors are thrown; the program prints them once, in its own words.
      writeErr: () => undefined,
    });
  const addCommand = (parent: Command, spec: CommandSpec) => {
    const command = parent.command(spec.usage).description(spec.description);
    if (spec.examples) command.addHelpText('before', spec.examples);
    addOptions(command, spec.options ?? [], spec.schema);
    command.action(async (...received: unknown[]) => {
      // commander gives the arguments, the options and the command.
      const args = received
        .slice(0, -2)
        .flat()
        .filter((value) => typeof value === 'string');
      const run = await spec.load();
      finish(await run(context, optionsOf(received.at(-1) as Command, program), args));
    });
    for (const below of spec.commands ?? []) addCommand(command, below);
  };
  for (const spec of COMMANDS) addCommand(program, spec);
  for (const { name, description, examples, commands } of GROUPS) {
    const group = program.command(name).description(description);
    if (examples) group.addHelpText('before', examples);
    for (const spec of commands) addCommand(group, spec);
    group.action((_options: unknown, command: Command) => {
      throw unknownName(name, command.args[0], commands);
    });
    group.allowExcessArguments();
  }
  program.action(async () => {
    const { version } = program.opts();
    if (version !== true) {
      if (program.args.length > 0)
        throw unknownName('configiq', program.args[0], [...COMMANDS, ...GROUPS.map(groupSpec)]);
      program.outputHelp();
      finish(EXIT.answered);
      return;
    }
    const { runVersion } = await import('./commands/version.ts');
    finish(await runVersion(context, program.opts(), program.args));
  });
  program.allowExcessArguments();
  return program;
}

/**
 * The options of a command. commander hands an option that a command above knows as well to that one: it is taken back here, and
 * one that only the command above has is refused.
 */
function optionsOf(command: Command, program: Command): Options {
  const { parent } = command;
  if (!parent || parent === program) return command.opts();
  const own = new Set(command.options.map((option) => option.attributeName()));
  const given = parent.options.filter((option) => parent.getOptionValueSource(option.attributeName()) === 'cli');
  const foreign = given.find((option) => !own.has(option.attributeName()));
  if (foreign)
    throw usageError(
      `${parent.name()} ${command.name()} takes no ${foreign.long ?? foreign.flags}: --help lists what there is.`,
    );
  const values: Options = parent.opts();
  return {
    ...command.opts(),
    ...Object.fromEntries(given.map((option) => [option.attributeName(), values[option.attributeName()]])),
  };
}

const groupSpec = ({ name }: { name: string }): { usage: string } => ({ usage: name });

function unknownName(parent: string, given: string | undefined, commands: readonly { usage: string }[]): Error {
  const known = commands.map(({ usage }) => usage.split(' ')[0] ?? '');
  const all = known.join(', ');
  if (given === undefined) return usageError(`${parent} needs one of: ${all}.`);
  const [near] = suggestNames(given, known);
  const cure = near ? `did you mean ${near}? It knows ${all}.` : `it knows ${all}.`;
  return usageError(`${parent} does not know the command "${given.slice(0, 60)}": ${cure}`);
}
