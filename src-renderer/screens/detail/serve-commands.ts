import type {
  CommandFlag,
  DetailDocument,
  Recommendation,
  SizeDocument,
} from '../../../src-worker/protocol/documents.ts';
import { engineLabel, startedBy } from '../../format/names.ts';

/** A way to start the plan, with how its flags came about once the detail is there. */
export interface ServeCommand {
  title: string;
  about: string;
  command: string | null;
  /** Why there is none. */
  reason: string | null;
  flags: CommandFlag[];
}

/** The commands of a configuration: the one that was sized, then the safe one. None where no step of the plan runs. */
export function serveCommands(
  detail: DetailDocument | null,
  row: Recommendation | null,
  { assumptions }: SizeDocument,
): ServeCommand[] {
  const command = detail?.serve_command ?? row?.vllm_command ?? null;
  const safe = detail?.safe_command ?? row?.vllm_commands.safe ?? null;
  const reason = detail?.serve_command_reason ?? row?.vllm_command_reason ?? null;
  const replicas = detail?.serve_command_replicas ?? row?.vllm_command_replicas ?? 1;
  const what = startedBy(replicas, `${engineLabel(assumptions.engine)} ${assumptions.engine_version}`);
  const commands: ServeCommand[] = [];
  if (command !== null || reason !== null) {
    const flags = detail?.command_flags ?? [];
    commands.push({ title: 'vLLM command', about: `as sized, high performance: ${what}`, command, reason, flags });
  }
  if (safe !== null) {
    const about = 'never preempts: fewer sequences at once, less of the memory';
    const flags = detail?.safe_command_flags ?? [];
    commands.push({ title: 'Safe vLLM command', about, command: safe, reason: null, flags });
  }
  return commands;
}
