/**
 * What a person can do in the window, in words. The page's registry of commands and the menu of the desktop program both read
 * them here, so that a command is called the same and has the same shortcut in both.
 */

export type CommandGroup =
  'Go' | 'Edit' | 'Answer' | 'Sweep' | 'Simulate' | 'Catalogs' | 'Models' | 'Accuracy' | 'View' | 'Help';

export interface CommandWords {
  label: string;
  group: CommandGroup;
  /** Shortcut in tinykeys' words: `$mod+k` is Ctrl K, or Command K on a Mac. */
  keys?: string;
}

export const COMMAND_WORDS = {
  'go.start': { label: 'Go to Start', group: 'Go', keys: '1' },
  'go.size': { label: 'Go to Size', group: 'Go', keys: '2' },
  'go.sweep': { label: 'Go to Sweep', group: 'Go', keys: '3' },
  'go.runs': { label: 'Go to Runs', group: 'Go', keys: '4' },
  'go.simulate': { label: 'Go to Simulate', group: 'Go', keys: '5' },
  'go.catalogs': { label: 'Go to Catalogs', group: 'Go', keys: '6' },
  'go.models': { label: 'Go to Models', group: 'Go', keys: '7' },
  'go.accuracy': { label: 'Go to Accuracy', group: 'Go', keys: '8' },
  'go.components': { label: 'Go to Components and states', group: 'Go' },
  'go.region': { label: 'Next region of the window', group: 'Go', keys: 'F6' },
  'answer.new': { label: 'New sizing', group: 'Answer', keys: 'n' },
  'answer.results': { label: 'All results', group: 'Answer', keys: 'r' },
  'answer.back': { label: 'Back', group: 'Go', keys: 'Escape' },
  'answer.save': { label: 'Save as a run', group: 'Answer', keys: '$mod+s' },
  'answer.export': { label: 'Export', group: 'Answer', keys: '$mod+e' },
  'answer.copy-command': { label: 'Copy vLLM command', group: 'Answer' },
  'answer.simulate': { label: 'Simulate this configuration', group: 'Answer' },
  'size.stop': { label: 'Stop simulating the plans', group: 'Answer', keys: 'Escape' },
  'simulate.stop': { label: 'Stop the simulation', group: 'Simulate', keys: 'Escape' },
  'simulate.trace': { label: 'Simulate a trace…', group: 'Simulate' },
  'edit.undo': { label: 'Undo', group: 'Edit', keys: '$mod+z' },
  'edit.redo': { label: 'Redo', group: 'Edit', keys: '$mod+Shift+z' },
  'sweep.start': { label: 'Start the sweep', group: 'Sweep', keys: '$mod+Enter' },
  'sweep.stop': { label: 'Stop the sweep', group: 'Sweep', keys: 'Escape' },
  'catalogs.import': { label: 'Import a catalog', group: 'Catalogs' },
  'catalogs.add-gpu': { label: 'Add a GPU', group: 'Catalogs' },
  'models.import': { label: 'Import a model', group: 'Models' },
  'models.pull': { label: 'Pull a model from the hub', group: 'Models' },
  'accuracy.import': { label: 'Import benchmark and calibrate…', group: 'Accuracy' },
  'accuracy.profiles': { label: 'Use profile…', group: 'Accuracy' },
  'view.table': { label: 'A chart as its table, and back', group: 'View', keys: 't' },
  'view.palette': { label: 'Search or run a command', group: 'View', keys: '$mod+k' },
  'help.shortcuts': { label: 'All shortcuts', group: 'Help', keys: '?' },
} as const satisfies Record<string, CommandWords>;

export type KnownCommand = keyof typeof COMMAND_WORDS;
