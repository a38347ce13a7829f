import { CommanderError } from 'commander';
import type { CatalogFileDraft } from '../../src-worker/protocol/catalog-api.ts';
import type { AppService } from '../services/app-service.ts';
import type { CommandContext } from './context.ts';
import { describeError, EXIT, usageError } from './errors.ts';
import { buildProgram } from './program.ts';
import { processSurroundings, type Surroundings } from './surroundings.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** The run of a process that does nothing else, from arguments to exit code. Never rejects. */
export function runProgram(args: string[]): Promise<number> {
  const around = processSurroundings();
  const terminal = terminalFor(args, around);
  watchBugs(terminal);
  watchOutput(terminal);
  return runIn(around, terminal, args);
}

/** The same in surroundings of its own, of which a process may have many. */
export const runArguments = (args: string[], around: Surroundings): Promise<number> =>
  runIn(around, terminalFor(args, around), args);

const terminalFor = (args: string[], around: Surroundings): Terminal =>
  createTerminal(
    {
      isQuiet: args.includes('--quiet'),
      isVerbose: args.includes('--verbose'),
      mayStyle: !args.includes('--no-color'),
    },
    around,
  );

async function runIn(around: Surroundings, terminal: Terminal, args: string[]): Promise<number> {
  const { context, close } = createContext(around, terminal);
  try {
    return await runCommand(context, args);
  } catch (thrown) {
    const { text, exitCode } = describeError(thrown, terminal.isVerbose);
    terminal.complain(text);
    return exitCode;
  } finally {
    await close();
  }
}

async function runCommand(context: CommandContext, args: string[]): Promise<number> {
  let exitCode: number = EXIT.answered;
  const program = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(withCommand(args), { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // Help that was asked for ends like an error without being one.
    if (thrown.exitCode === 0) return EXIT.answered;
    throw usageError(sentenceOf(thrown.message));
  }
  return exitCode;
}

const GLOBAL_FLAGS = ['--quiet', '--verbose', '--no-color'];
const OWN_FLAGS = ['-h', '--help', '-V', '--version'];

/** Options without a command ask the question of `size`, as the original's command line did. */
function withCommand(args: string[]): string[] {
  const first = args.find((arg) => !GLOBAL_FLAGS.includes(arg));
  const isBareQuestion = first !== undefined && first.startsWith('-') && !OWN_FLAGS.includes(first);
  return isBareQuestion ? ['size', ...args] : args;
}

/** commander's own words, as a sentence: "error: unknown option '--zon'\n(Did you mean --zone?)". */
function sentenceOf(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\n?\(Did you mean (.+)\?\)$/, ': did you mean $1?')
    .trim();
  return /[.?]$/.test(text) ? text : `${text}. --help lists what there is.`;
}

function createContext(
  around: Surroundings,
  terminal: Terminal,
): { context: CommandContext; close: () => Promise<void> } {
  const { environment, input } = around;
  let opened: Promise<AppService> | null = null;
  const told = new Set<string>();
  const close = async () => {
    const service = await opened?.catch(() => null);
    if (!service) return;
    await tellNotices(terminal, service, told);
    await service.close();
  };
  let stop = (): void => {
    terminal.complain('Interrupted.');
    // Nothing else is under way that would have to be kept.
    process.exit(EXIT.interrupted);
  };
  const onSignal = () => stop();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) around.signals.on(signal, onSignal);
  const context: CommandContext = {
    terminal,
    environment,
    input,
    service: (files = []) => (opened ??= openService(around, terminal, files, told)),
    onInterrupt(handler) {
      for (const signal of signals) around.signals.removeListener(signal, onSignal);
      if (handler === null) return;
      stop = handler;
      for (const signal of signals) around.signals.on(signal, onSignal);
    },
  };
  return { context, close };
}

async function openService(
  { environment, workerPath }: Surroundings,
  terminal: Terminal,
  catalogFiles: CatalogFileDraft[],
  told: Set<string>,
): Promise<AppService> {
  const [{ createAppService }, { dataFolder }, worker] = await Promise.all([
    import('../services/app-service.ts'),
    import('../services/data-folder.ts'),
    workerPath(),
  ]);
  const service = createAppService({
    host: 'cli',
    dataFolder: dataFolder(environment),
    workerPath: worker,
    catalogFiles,
    environment,
  });
  await tellNotices(terminal, service, told);
  return service;
}

/** Says what the service has to say beside its answers: once when it is opened, and at the end what came up on the way. */
async function tellNotices(terminal: Terminal, service: AppService, told: Set<string>): Promise<void> {
  const info = await service.api.info();
  if (!info.ok) return;
  for (const notice of info.value.notices) {
    if (!told.has(notice)) terminal.complain(notice);
    told.add(notice);
  }
}

/** What nobody waits for and nobody caught is a bug, and is said like one. */
function watchBugs(terminal: Terminal): void {
  process.on('uncaughtException', (thrown) => {
    terminal.complain(describeError(thrown, terminal.isVerbose).text);
    process.exit(EXIT.bug);
  });
}

/** A reader that has seen enough (`| head`) ends the program quietly; a disk that is full is said. */
function watchOutput(terminal: Terminal): void {
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.answered);
    terminal.complain(`configiq: the result cannot be written (${error.message}).`);
    process.exit(EXIT.file);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', () => process.exit(process.exitCode ?? EXIT.answered));
}
