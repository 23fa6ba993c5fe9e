// Compiles src/ to dist/. Removes the old output first, so that a deleted source file leaves no stale module behind.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});

// What runs in a trial becomes one file, dist/engine.js, and each of its modules a line that hands on its exports from there: V8 looks
// at a constant of another module each time it is used, and executes some 8 % fewer instructions where it is one of the same file.
const ROOMS = /^(units|(kernel|accounting|models|datapaths)\/.*)\.js$/;
const modules = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) => ROOMS.test(file));
const engine = await rolldown({
  input: Object.fromEntries(modules.map((file) => [file.replace(/\.js$/, ''), path.join('dist', file)])),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
});
await engine.write({
  dir: 'dist',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: { groups: [{ name: 'engine', test: /./ }] },
});
await engine.close();
for (const file of modules) rmSync(path.join('dist', `${file}.map`));
