// Turns measured rounds into tables: medians of rates, and medians of ratios taken within a round, since machines are noisy.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const PERFORMANCE = new URL('../docs/PERFORMANCE.md', import.meta.url);
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const geometricMean = (values) => Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length);
/** What the slower of two rates adds to each of what they count, ms. */
const added = (slow, fast) => 1000 / slow - 1000 / fast;
const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

const table = (head, rows) => {
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k].length)));
  const line = (row) =>
    `| ${row.map((cell, k) => (k ? cell.padStart(widths[k]) : cell.padEnd(widths[k]))).join(' | ')} |`;
  const rule = `|${widths.map((width, k) => `${'-'.repeat(width + 1)}${k ? ':' : '-'}`).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
};

/** The rows of one bench: each contender's rates, then vmio divided by it, with the goal where there is one. */
export const summary = ({ bench, rounds }) => {
  const [self, ...peers] = Object.keys(bench.contenders);
  const present = (name) => rounds.every((round) => round.every((size) => size[name]));
  const rates = [self, ...peers].map((name) => [
    name,
    ...bench.sizes.map((_, k) =>
      present(name) ? digits(median(rounds.map((round) => round[k][name].rate / bench.unit))) : 'absent',
    ),
    '',
    '',
  ]);
  const ratios = peers
    .filter((name) => present(self) && present(name))
    .map((name) => {
      const ratio = (round, k) => round[k][self].rate / round[k][name].rate;
      const each = bench.sizes.map((_, k) => median(rounds.map((round) => ratio(round, k))));
      const mean = median(rounds.map((round) => geometricMean(bench.sizes.map((_, k) => ratio(round, k)))));
      const goal = bench.goals.find(({ peer }) => peer === name);
      if (goal?.longer) {
        const ms = rounds.map((round) => round.map((size) => added(size[self].rate, size[name].rate)));
        const middle = bench.sizes.map((_, k) => median(ms.map((round) => round[k])));
        const most = Math.max(...middle);
        const aim = `< ${goal.longer} ms: ${most < goal.longer ? 'reached' : 'missed'}`;
        return [`${self}, ms longer than ${name}`, ...middle.map(digits), '', aim];
      }
      const reached = goal && mean >= goal.mean && each.every((x) => x >= (goal.each ?? 0));
      const aim = goal
        ? `>= ${goal.mean}${goal.each ? `, each >= ${goal.each}` : ''}: ${reached ? 'reached' : 'missed'}`
        : '';
      return [`${self} / ${name}`, ...each.map(digits), digits(mean), aim];
    });
  const head = [
    '',
    ...bench.sizes.map((size) => (typeof size === 'number' ? `N = ${size}` : size)),
    'geometric mean',
    'goal',
  ];
  return `**${bench.title}**\n\n${table(head, [...rates, ...ratios])}`;
};

/** Replaces what stands between the two marks. */
export const writeReport = (text, rounds, versions) => {
  const old = readFileSync(PERFORMANCE, 'utf8');
  const [before, after] = [old.indexOf(START), old.indexOf(END)];
  if (before < 0 || after < before) throw new Error('docs/PERFORMANCE.md has lost its marks for the bench');
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version ?? 'absent'}`);
  const heading = `Made by \`npm run bench -- --rounds ${rounds}\` on ${cpus()[0].model.trim()}, ${cpus().length} cores; ${used.join(', ')}. Medians of ${rounds} rounds.`;
  writeFileSync(PERFORMANCE, `${old.slice(0, before)}${START}\n${heading}\n\n${text}\n${old.slice(after)}`);
};
