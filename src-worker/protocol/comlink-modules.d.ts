// comlink 4 has no exports map and its main file is UMD, which plain Node cannot import by name; its ES modules can be
// imported by path, but carry their declarations under other names. These two lines join them.
declare module 'comlink/dist/esm/comlink.mjs' {
  export * from 'comlink';
}

declare module 'comlink/dist/esm/node-adapter.mjs' {
  export { default } from 'comlink/dist/esm/node-adapter';
}
