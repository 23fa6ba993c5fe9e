/** `vmio check`: validates, and prints what is in force and where each figure comes from. */
import Table from 'cli-table3';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { LoadedScenario } from '../scenario/load.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { formatMistake, type Mistake } from '../scenario/text/mistake.ts';
import { caseOf } from '../validation/load-case.ts';
import { describeBoots } from './describe-boots.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { loadOrExplain } from './load-or-explain.ts';

export interface CheckOptions {
  readonly set: string[];
  readonly sweep: string[];
  readonly seed?: number;
  readonly quiet?: boolean;
}

export const checkCommand = (files: readonly string[], options: CheckOptions): number => {
  const scenarios = loadOrExplain(files, options);
  if (scenarios === null) return WRONG_INPUT;
  const wrong = scenarios.flatMap(wrongReference);
  for (const mistake of wrong) process.stderr.write(`${formatMistake(mistake)}\n`);
  if (wrong.length > 0) return WRONG_INPUT;
  for (const scenario of scenarios) {
    if (options.quiet !== true) describe(scenario);
    for (const warning of scenario.warnings) process.stdout.write(`warning: ${warning}\n`);
    const { warnings, points, file } = scenario;
    const remarks =
      warnings.length === 0 ? '' : `, ${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`;
    process.stdout.write(`${file}: valid, ${points.length} points${remarks}\n`);
  }
  return FINE;
};

/** What only `vmio validate` would meet: counts that the table does not have. */
const wrongReference = (loaded: LoadedScenario): readonly Mistake[] => {
  if (loaded.base.reference === undefined) return [];
  const read = caseOf(loaded);
  return 'mistakes' in read ? read.mistakes : [];
};

const describe = ({ base, points, file }: LoadedScenario): void => {
  const { profile } = points[0];
  process.stdout.write(
    `# ${file}, with every default\n${stringify(z.encode(scenarioSchema, base), { lineWidth: 110 })}\n`,
  );
  const table = new Table({
    head: ['cost', 'cycles', 'ns', 'plausible', 'kind', 'source'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
    colWidths: [26, 11, 9, 16, 11, 80],
    wordWrap: true,
  });
  for (const [name, { cycles, ns, range, kind, source }] of Object.entries(profile.costs)) {
    const figure = (value: number | undefined): string => (value === undefined ? '' : String(value));
    const plausible = range === undefined ? '' : `${range[0]}–${range[1]}`;
    table.push([name, figure(cycles), figure(ns), plausible, kind, source ?? 'the scenario']);
  }
  const boots = describeBoots(points);
  if (boots !== '') process.stdout.write(`${boots}\n`);
  process.stdout.write(
    `# costs in force (first point), from ${base.machine} and the scenario\n${table.toString()}\n`,
  );
};
