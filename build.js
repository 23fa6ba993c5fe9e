// Compiles src/ to dist/. Removes the old output first, so that a deleted source file leaves no stale module behind.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});

// What runs in a trial becomes one file, dist/engine.js. A module of it that others import stays as a line that hands on its exports from
// there. V8 looks at what another module exports, and at what a module itself exports, each time it is used; what only this file knows it
// takes for constant.
const ROOMS = /^(units|(kernel|accounting|models|datapaths)\/.*)\.js$/;
const IMPORT = /(?:from|import) ?\(?["'](\.{1,2}\/[^"']+)["']/g;

const importsOf = (folder, file) =>
  [...readFileSync(path.join(folder, file), 'utf8').matchAll(IMPORT)].map(([, to]) =>
    path.relative('dist', path.join(folder, path.dirname(file), to)),
  );
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
const modules = filesIn('dist').filter((file) => ROOMS.test(file));
const others = filesIn('dist').filter((file) => !ROOMS.test(file));
const wanted = new Set([
  ...others.flatMap((file) => importsOf('dist', file)),
  ...filesIn('bench').flatMap((file) => importsOf('bench', file)),
]);
const entries = modules.filter((file) => wanted.has(file));

const engine = await rolldown({
  input: Object.fromEntries(entries.map((file) => [file.replace(/\.js$/, ''), path.join('dist', file)])),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
});
const { output } = await engine.generate({
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: { groups: [{ name: 'engine', test: /./ }] },
});
await engine.close();
for (const file of modules) for (const each of [file, `${file}.map`]) rmSync(path.join('dist', each));
for (const { fileName, code } of output) writeFileSync(path.join('dist', fileName), code);
