/** A word of a shell: anything up to a space, with quoted parts and escaped characters as one. */
const WORD = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/g;
const INDENT = '  ';

/**
 * `vllm serve MODEL \`, then one flag with its values a line, as it is pasted into a shell: the words are those of
 * `command`, whatever is quoted stays whole. A command that has lines of its own keeps them.
 */
export function commandLines(command: string): string {
  if (command.includes('\n')) return command;
  const words = command.match(WORD) ?? [];
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.length - 1;
    if (lines.length === 0) lines.push(word);
    else if (word.startsWith('--')) lines.push(INDENT + word);
    else lines[last] = `${lines[last]} ${word}`;
  }
  return lines.join(' \\\n');
}
