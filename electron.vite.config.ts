import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';

const path = (relative: string) => resolve(import.meta.dirname, relative);

// Three programs come out of one build: the main process (with the CLI and the browser host as further entries and the
// engine's worker as a chunk of its own), the sandboxed preload (which must be CommonJS), and the renderer, which
// Electron and the browser host serve alike.
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // Bundled because their package entries do not load under plain Node as we import them (comlink), or simply to
      // keep the start fast; better-sqlite3 stays outside, it holds a native binary.
      externalizeDeps: {
        exclude: ['comlink', 'commander', 'csv-stringify', 'env-paths', 'sirv', 'write-file-atomic', 'ws', 'zod'],
      },
      rollupOptions: {
        input: {
          electron: path('src-main/electron/main.ts'),
          browser: path('src-main/browser/host.ts'),
          cli: path('src-main/cli/main.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { preload: path('src-main/electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path('src-renderer'),
    plugins: [svelte({ configFile: path('svelte.config.js') })],
    build: {
      outDir: path('out/renderer'),
      emptyOutDir: true,
      rollupOptions: { input: path('src-renderer/index.html') },
    },
  },
});
