// The import directions of the house, as ARCHITECTURE.md draws them. tests/architecture/imports.test.ts holds the sources
// to them and shows that every rule can fail. dependency-cruiser, rather than a reader of import lines of our own, because it
// resolves paths, knows type-only imports from others and reads Svelte components.

/** Files of the engine without formulas: plain data and words that may be used anywhere. */
const ENGINE_VOCABULARY = [
  '^src-worker/engine/(errors|units|facts|suggest)[.]ts$',
  '^src-worker/engine/[^/]+/(types|source)[.]ts$',
  '^src-worker/engine/workload/trace[.]ts$',
  // How an axis is written, and the values that stand for it.
  '^src-worker/engine/sweep/axis(-text)?[.]ts$',
];
const packages = (...names) => names.map((name) => `node_modules/${name}/`);

/** `from` may import what `allowed` matches and nothing else. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
});

/** Nobody but `owner` may import `target`. */
const owned = (name, comment, owner, target) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: owner },
  to: { path: target },
});

module.exports = {
  forbidden: [
    only(
      'engine-is-pure',
      'The engine calculates: no files, clock, network, database, page or library of others.',
      '^src-worker/engine/',
      ['^src-worker/engine/'],
    ),
    only(
      'protocol-is-vocabulary',
      'What crosses a boundary rests on the vocabulary of the engine, never on its formulas, and on nothing that needs a host.',
      '^src-worker/protocol/',
      ['^src-worker/protocol/', ...ENGINE_VOCABULARY, ...packages('zod', 'comlink')],
    ),
    only(
      'answers-are-pure',
      'From a checked request to a document: engine and protocol, no input or output.',
      '^src-worker/answers/',
      ['^src-worker/(answers|engine|protocol)/'],
    ),
    only('worker-needs-no-host', 'Threads and their pool serve every host alike.', '^src-worker/(pool/|worker[.]ts)', [
      '^src-worker/',
      '^(node:)?(worker_threads|os|url|path|zlib)$',
      ...packages('comlink', 'zod'),
    ]),
    only(
      'page-knows-the-protocol-only',
      'The page talks to a host; it neither calculates nor reads files.',
      '^src-renderer/',
      [
        '^src-renderer/',
        '^src-worker/protocol/',
        '^src-worker/engine/',
        ...packages(
          'svelte',
          'chart[.]js',
          'chartjs-plugin-zoom',
          'comlink',
          'zod',
          'bits-ui',
          'tinykeys',
          '@tanstack/(table|virtual)-core',
        ),
      ],
    ),
    {
      name: 'page-uses-engine-types-only',
      comment: 'A formula in the page would be a second answer.',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^src-worker/engine/', pathNot: ENGINE_VOCABULARY, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'services-know-no-host',
      comment: 'Services, store, catalogs, measurements, traces and the hub are below the hosts that use them.',
      severity: 'error',
      from: { path: '^src-main/(services|store|exports|catalogs|measurements|traces|hub|rpc)/' },
      to: { path: '^src-main/(cli|electron|browser)/|^src-renderer/' },
    },
    {
      name: 'services-leave-calculation-to-answers',
      comment:
        'Services call answers and the pool; of the engine itself they only read models and count what a sweep asks.',
      severity: 'error',
      from: { path: '^src-main/services/' },
      to: {
        path: '^src-worker/engine/',
        pathNot: [...ENGINE_VOCABULARY, '^src-worker/engine/(model/analyze|sweep/plan)[.]ts$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-imports-the-page',
      severity: 'error',
      comment: 'It is built and served as files.',
      from: { pathNot: '^(src-renderer|tests)/' },
      to: { path: '^src-renderer/' },
    },
    owned(
      'only-the-store-knows-sqlite',
      'One module owns the database.',
      '^src-main/store/',
      packages('(@types/)?better-sqlite3'),
    ),
    owned(
      'only-the-hub-knows-the-network',
      'Everything else works offline; what goes out is in one place, with its limits and its proxies.',
      '^src-main/hub/',
      packages('@huggingface/hub', 'undici'),
    ),
    owned(
      'only-its-host-knows-electron',
      'Everything else runs under plain Node, where importing electron starts a download.',
      '^src-main/electron/',
      packages('electron'),
    ),
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere escapes every rule above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.svelte', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['svelte', 'import', 'node', 'default', 'types'],
    },
  },
};
