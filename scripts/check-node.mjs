// Imported first by every script of ours: on older versions better-sqlite3 ends the process without a word.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `ConfigIQ needs Node.js 22.12 or newer, this is ${process.version}: run it as an npm script after "npm ci" ` +
      '(without --omit=optional), which brings its own Node on Linux.',
  );
  process.exit(2);
}
