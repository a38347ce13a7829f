import type { IconName } from '../components/icon-shapes.ts';
import { COMMAND_WORDS, type KnownCommand } from '../../src-worker/protocol/command-words.ts';
import { focusNextRegion } from '../platform/regions.ts';
import type { ShellState } from '../state/shell.svelte.ts';
import { EXAMPLES } from '../state/solved-examples.svelte.ts';
import { THEMES, type Theme, type ThemeState } from '../state/theme.svelte.ts';
import type { Screen, Workspace } from '../state/workspace.svelte.ts';
import { configurationInView, copyVllmCommand, exportShown, hasExport } from './answer-actions.ts';
import type { Command } from './registry.svelte.ts';

type Deed = Omit<Command, 'id' | 'label' | 'group' | 'keys'>;

const known = (id: KnownCommand, deed: Deed): Command => ({ id, ...COMMAND_WORDS[id], ...deed });

/** Commands that can be given wherever one is in the window. */
export function windowCommands(workspace: Workspace, shell: ShellState, theme: ThemeState): Command[] {
  return [
    ...goCommands(workspace),
    ...answerCommands(workspace),
    ...editCommands(workspace),
    ...sampleCommands(workspace),
    ...catalogCommands(workspace),
    ...modelCommands(workspace),
    ...accuracyCommands(workspace),
    known('sweep.stop', {
      icon: 'stop',
      actsInFields: true,
      when: () => workspace.sweep.phase === 'running',
      run: () => void workspace.sweep.stop(),
    }),
    // After the sweep: what is in sight is stopped first.
    known('simulate.stop', {
      icon: 'stop',
      actsInFields: true,
      when: () => workspace.screen === 'simulate' && workspace.simulator.isRunning,
      run: () => workspace.simulator.stop(),
    }),
    known('size.stop', {
      icon: 'stop',
      actsInFields: true,
      when: () => workspace.screen === 'size' && workspace.answer.isSimulating,
      run: () => workspace.answer.stop(),
    }),
    // After all of them: the page that was opened last is left first.
    known('answer.back', {
      actsInFields: true,
      when: () => workspace.screen === 'size' && workspace.sizeView !== 'answer',
      run: () => workspace.openAnswer(),
    }),
    ...themeCommands(theme),
    known('view.palette', { icon: 'search', actsInFields: true, run: () => (shell.isPaletteOpen = true) }),
    known('help.shortcuts', { icon: 'keyboard', run: () => (shell.isSheetOpen = true) }),
    {
      id: 'help.single-keys',
      get label() {
        return `Single-letter shortcuts: ${shell.hasSingleKeys ? 'off' : 'on'}`;
      },
      group: 'Help',
      icon: 'keyboard',
      run: () => {
        shell.toggleSingleKeys();
        workspace.announcement = `Single-letter shortcuts are ${shell.hasSingleKeys ? 'on' : 'off'}`;
      },
    },
  ];
}

/** At the end of the address it offers the screen of all components and their states. */
const GALLERY_HASH = '#components';

function goCommands(workspace: Workspace): Command[] {
  const go = (id: KnownCommand, icon: IconName, screen: Screen): Command =>
    known(id, { icon, run: () => (workspace.screen = screen) });
  return [
    go('go.start', 'home', 'start'),
    // Its number leads to the question, also from the pages below it.
    known('go.size', { icon: 'size', run: () => workspace.openAnswer() }),
    go('go.sweep', 'sweep', 'sweep'),
    go('go.runs', 'runs', 'runs'),
    go('go.simulate', 'simulate', 'simulate'),
    go('go.catalogs', 'database', 'catalogs'),
    go('go.models', 'model', 'models'),
    go('go.accuracy', 'accuracy', 'accuracy'),
    // For those who change the window: listed once the address asks for it.
    { ...go('go.components', 'columns', 'components'), when: () => window.location.hash === GALLERY_HASH },
    known('go.region', { actsInFields: true, run: focusNextRegion }),
  ];
}

function answerCommands(workspace: Workspace): Command[] {
  const { answer } = workspace;
  return [
    known('answer.new', { icon: 'plus', run: () => workspace.newSizing() }),
    known('answer.results', {
      icon: 'table',
      when: () => answer.document !== null && !(workspace.screen === 'size' && workspace.sizeView === 'results'),
      run: () => workspace.openResults(),
    }),
    known('answer.save', {
      icon: 'save',
      actsInFields: true,
      when: () => answer.document !== null && workspace.reading.kind === 'ready' && workspace.session.phase === 'ready',
      run: () => void workspace.saveAnswer(),
    }),
    known('answer.export', {
      icon: 'download',
      actsInFields: true,
      when: () => hasExport(workspace),
      run: () => void exportShown(workspace),
    }),
    known('answer.copy-command', {
      icon: 'copy',
      when: () => answer.selected !== null,
      run: () => void copyVllmCommand(workspace),
    }),
    known('answer.simulate', {
      icon: 'simulate',
      when: () => configurationInView(workspace) !== null,
      run: () => {
        const row = configurationInView(workspace);
        if (row) workspace.simulateConfiguration(row);
      },
    }),
    known('simulate.trace', {
      icon: 'file',
      run: () => {
        workspace.edit('simulate a trace', () => (workspace.simulation.loadKind = 'trace'));
        workspace.screen = 'simulate';
      },
    }),
  ];
}

function editCommands(workspace: Workspace): Command[] {
  const { history } = workspace;
  return [
    known('edit.undo', { icon: 'undo', actsInFields: true, when: () => history.canUndo, run: () => workspace.undo() }),
    known('edit.redo', { icon: 'redo', actsInFields: true, when: () => history.canRedo, run: () => workspace.redo() }),
  ];
}

/** From anywhere: the screen opens with the dialog. */
function catalogCommands(workspace: Workspace): Command[] {
  const open = (dialog: 'isImporting' | 'isAddingGpu'): void => {
    workspace.screen = 'catalogs';
    workspace.catalogs[dialog] = true;
  };
  return [
    known('catalogs.import', { icon: 'file', run: () => open('isImporting') }),
    known('catalogs.add-gpu', { icon: 'plus', run: () => open('isAddingGpu') }),
  ];
}

/** The same for models. */
function modelCommands(workspace: Workspace): Command[] {
  const open = (dialog: 'import' | 'pull'): void => {
    workspace.screen = 'models';
    workspace.models.dialog = dialog;
  };
  return [
    known('models.import', { icon: 'file', run: () => open('import') }),
    known('models.pull', { icon: 'download', run: () => open('pull') }),
  ];
}

/** The same for benchmarks and profiles. */
function accuracyCommands(workspace: Workspace): Command[] {
  const open = (dialog: { isOpen: boolean }): void => {
    workspace.screen = 'accuracy';
    dialog.isOpen = true;
  };
  return [
    known('accuracy.import', { icon: 'file', run: () => open(workspace.benchmark) }),
    known('accuracy.profiles', { icon: 'check', run: () => open(workspace.profiles) }),
  ];
}

function sampleCommands(workspace: Workspace): Command[] {
  return EXAMPLES.map((example): Command => ({
    id: `sample.${example.id}`,
    label: `Open the sample: ${example.title}, ${example.question}`,
    group: 'Answer',
    icon: 'play',
    when: () => workspace.examples.offered(workspace.session.models).includes(example),
    run: () => workspace.openQuestion(example.request, `sample ${example.title}`),
  }));
}

function themeCommands(theme: ThemeState): Command[] {
  return (Object.entries(THEMES) as [Theme, string][]).map(([id, label]): Command => ({
    id: `theme.${id}`,
    label: `Theme: ${label.charAt(0).toLowerCase()}${label.slice(1)}`,
    group: 'View',
    icon: 'theme',
    when: () => theme.choice !== id,
    run: () => theme.choose(id),
  }));
}
