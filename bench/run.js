// Runs every bench of benches.js side by side with its peers, round by round, and writes the ratios into docs/PERFORMANCE.md.
// usage: npm run bench [-- --rounds 5] [-- --only hold] ; peers that are not installed are reported as absent (bench/install-peers.sh).
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { benches } from './benches.js';
import { summary, writeReport } from './report.js';
import { findTools } from './toolchain.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    'no-write': { type: 'boolean' },
  },
});
const tools = findTools();

/** One run in a process of its own: its rate, or undefined if the contender is absent. */
const measure = (command, { checked = () => true, wall = false }) => {
  if (!command) return undefined;
  const [program, ...args] = [...(wall ? [] : tools.pin), ...command].map(String);
  const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [rate, check] = output.trim().split(/\s+/).map(Number);
  if (!(rate > 0 && checked(check))) throw new Error(`${command.join(' ')} printed ${output}`);
  return { rate, check };
};

const chosen = benches.filter(({ name }) => !options.only || options.only.split(',').includes(name));
const rounds = Number(options.rounds);
const results = chosen.map((bench) => ({ bench, rounds: [] }));
for (let round = 1; round <= rounds; round++) {
  for (const { bench, rounds: measured } of results) {
    process.stderr.write(`round ${round} of ${rounds}: ${bench.name}\n`);
    measured.push(
      bench.sizes.map((size) =>
        Object.fromEntries(
          Object.entries(bench.contenders).map(([name, command]) => [
            name,
            measure(command(tools, size), bench),
          ]),
        ),
      ),
    );
  }
}

const text = results.map(summary).join('\n\n');
console.log(text);
if (!options.only && !options['no-write']) writeReport(text, rounds, tools.versions);
