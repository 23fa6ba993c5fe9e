/** `vmio neighbours`: what the VMs of a scenario do to each other, and what keeping them apart would cost. */

import os from 'node:os';
import { type CompanyPoint, companyPoints, tenantsOf } from '../experiment/neighbours/company.ts';
import { type Neighbourhood, neighbourhoodOf } from '../experiment/neighbours/neighbourhood.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import type { PointResult } from '../experiment/run-point.ts';
import { neighbourFigures } from '../report/neighbours/figures.ts';
import { neighboursText } from '../report/neighbours/neighbours-text.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { formatMistake } from '../scenario/text/mistake.ts';
import { FINE, INTERRUPTED, WRONG_INPUT } from './exit-status.ts';
import { say } from './failure.ts';
import { plural, trialsOf } from './headline.ts';
import { Interruption } from './interruption.ts';
import { loadOrExplain, type PointOptions } from './load-or-explain.ts';
import { simulate } from './simulate.ts';

export interface NeighboursOptions extends LoadOptions {
  readonly jobs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Companies grow with the square, and a matrix of more can hardly be read. */
const TENANTS_MAX = 16;

/** Fewer than two VMs with workloads are no neighbours. @returns what is wrong, or null */
const mistakeIn = ({ file, points, places }: LoadedScenario): string | null => {
  for (const { scenario, labels } of points) {
    const tenants = tenantsOf(scenario);
    if (tenants.length >= 2 && tenants.length <= TENANTS_MAX) continue;
    const at = Object.entries(labels).map(([path, value]) => `${path} ${value}`);
    const where = at.length === 0 ? '' : ` at ${at.join(', ')}`;
    const message =
      tenants.length < 2
        ? `neighbours are two VMs or more with workloads, and only ${tenants[0]} has any${where}: add another VM and a workload with its name in vm`
        : `${tenants.length} VMs have workloads${where}, and neighbours are told apart up to ${TENANTS_MAX}: lower a count with --set`;
    const place = places.value(['vms']) ?? { file, line: 1, column: 1 };
    return formatMistake({ ...place, path: ['vms'], message });
  }
  return null;
};

const headline = ({ name, points, base }: LoadedScenario, companies: LoadedScenario): string => {
  const made = `${plural(points.length, 'point')} × VMs alone, in pairs and all together = ${companies.points.length}`;
  return `${name}   ${made}, ${plural(trialsOf(companies), 'trial')} or more, seed ${base.run.seed}`;
};

/** Whether anything of a point on a datapath was simulated. */
const wasRun = (companies: readonly CompanyPoint[], kind: string, results: readonly PointResult[]): boolean =>
  results.some(({ point, datapath }) => datapath === kind && companies.some((each) => each.point === point));

const show = (name: string, found: readonly Neighbourhood[], { json = false }: NeighboursOptions): void => {
  if (json) {
    for (const figure of found.flatMap((each) => neighbourFigures(name, each))) {
      process.stdout.write(`${JSON.stringify(figure)}\n`);
    }
    return;
  }
  if (found.length === 0) return;
  const { isTTY, columns } = process.stdout;
  const text = neighboursText(found, { colour: isTTY === true, ...(isTTY && { width: columns }) });
  process.stdout.write(`${text}\n`);
};

export const neighboursCommand = async (file: string, options: NeighboursOptions): Promise<number> => {
  const [loaded] = loadOrExplain([file], options) ?? [];
  if (loaded === undefined) return WRONG_INPUT;
  const mistake = mistakeIn(loaded);
  if (mistake !== null) {
    say(mistake);
    return WRONG_INPUT;
  }
  for (const warning of loaded.warnings) say(`warning: ${warning}`);
  const groups = loaded.points.map((point) => ({ point, companies: companyPoints(point) }));
  const points = groups.flatMap(({ companies }) => companies.map(({ point }) => point));
  const companies = { ...loaded, points };
  const quiet = options.quiet === true || options.json === true;
  if (!quiet) process.stdout.write(`${headline(loaded, companies)}\n`);
  const interruption = new Interruption();
  const pool = openPool(Math.min(options.jobs ?? os.availableParallelism(), trialsOf(companies)));
  try {
    const session = { pool, interruption, quiet };
    // Goes through to the command that repeats a failed trial: its point is not in the file.
    const made: PointOptions = { ...options, neighbours: true };
    const { results, failed } = await simulate(companies, made, session);
    const found = groups.flatMap(({ point: { labels, scenario }, companies: own }) =>
      scenario.datapaths
        .filter((datapath) => wasRun(own, datapath, results))
        .map((datapath) => neighbourhoodOf(labels, datapath, own, results)),
    );
    show(loaded.name, found, options);
    if (interruption.asked) say('interrupted: what was not simulated has no figure');
    return failed ?? (interruption.asked ? INTERRUPTED : FINE);
  } finally {
    interruption.release();
    await pool.close();
  }
};
