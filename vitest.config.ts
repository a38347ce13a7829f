import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// Files share the modules of their process (`isolate: false`): loading them anew for every file took longer than the tests.
// So no test may leave anything behind in a module or on the page; the catalogs they share are frozen (tests/engine/world.ts).
export default defineConfig({
  test: {
    // One a core; left alone it would be one fewer, which on two cores is half of them.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: [
            'tests/{engine,answers,protocol,catalogs,measurements,traces,store,hub,services,exports,worker,cli,browser,electron,architecture,scripts,prior-art,docs}/**/*.test.ts',
          ],
          globalSetup: ['tests/bundled-worker.ts'],
          testTimeout: 20_000,
          isolate: false,
        },
      },
      {
        plugins: [svelte(), svelteTesting()],
        test: {
          name: 'renderer',
          environment: 'jsdom',
          include: ['tests/renderer/**/*.test.ts'],
          setupFiles: ['tests/renderer/setup.ts'],
          testTimeout: 20_000,
          isolate: false,
        },
      },
    ],
  },
});
