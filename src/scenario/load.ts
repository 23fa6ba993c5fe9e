/** Reads a scenario and its machine profile, applies options and the sweep, and answers with points or mistakes. */
import path from 'node:path';
import type { Machine } from '../datapaths/machine.ts';
import { blockQueueSettings } from './block-queue-schema.ts';
import { checkPoint } from './check.ts';
import { checkAnswers } from './check-answers.ts';
import { missingForGuests } from './check-cards.ts';
import { checkExpectations } from './check-expectations.ts';
import { checkReference } from './check-reference.ts';
import { type Copies, clash, copied } from './copies.ts';
import { loadProfile, overridden } from './load-profile.ts';
import { missingCost } from './missing-cost.ts';
import { outOfRange } from './price.ts';
import { withPriceOf } from './price-path.ts';
import { machineOf, type Profile } from './profile.ts';
import { type Scenario, scenarioSchema } from './schema.ts';
import { type GridPoint, grid } from './sweep/grid.ts';
import { Where } from './sweep/where.ts';
import { type Mistake, sortMistakes } from './text/mistake.ts';
import { Places } from './text/places.ts';
import { readText } from './text/read-file.ts';
import { parseYaml } from './text/read-yaml.ts';
import { setOption } from './text/set-option.ts';
import { type Override, setPath } from './text/set-path.ts';
import { validate } from './text/validate.ts';
import { bounceSlots, guestIommu } from './vm-schema.ts';

/** One validated point of a scenario, ready to be simulated on each datapath. */
export interface ScenarioPoint {
  readonly labels: Readonly<Record<string, string>>;
  /** With VMs that are alike written out. */
  readonly scenario: Scenario;
  readonly copies: Copies;
  /** The profile with the scenario's overrides. */
  readonly profile: Profile;
  readonly machine: Machine;
}

export interface LoadedScenario {
  /** File name without ending. */
  readonly name: string;
  readonly file: string;
  readonly base: Scenario;
  readonly points: readonly ScenarioPoint[];
  /** Points that `where` leaves out. */
  readonly leftOut: number;
  /** Remarks that stop nothing: prices outside the range their source finds plausible. */
  readonly warnings: readonly string[];
  /** Where its values stand in the file. */
  readonly places: Places;
}

export interface LoadOptions {
  /** `path=value`, as given to --set. */
  readonly set?: readonly string[];
  /** `path=[a, b]` or `path={from: …}`, as given to --sweep; each replaces that axis of the file. */
  readonly sweep?: readonly string[];
  readonly seed?: number;
}

export type Loaded =
  | { readonly ok: true; readonly loaded: LoadedScenario }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

export const loadScenario = (file: string, options: LoadOptions = {}): Loaded => {
  const read = readText(file);
  if ('mistake' in read) return { ok: false, mistakes: [read.mistake] };
  const { document, value, mistakes } = parseYaml(file, read.text);
  if (value === undefined) return { ok: false, mistakes };
  const found: Mistake[] = [...mistakes];
  const overrides: Override[] = [];
  let root: unknown = value;
  const apply = (assigned: ReturnType<typeof setOption>): void => {
    root = assigned.value;
    found.push(...assigned.mistakes);
    if (assigned.override !== undefined) overrides.push(assigned.override);
  };
  for (const assignment of options.set ?? []) {
    root = withPriceOf(root, assignment.split('=')[0].trim());
    apply(setOption(root, assignment, '--set', scenarioSchema));
  }
  if (options.seed !== undefined) {
    apply(setOption(root, `run.seed=${options.seed}`, '--seed', scenarioSchema));
  }
  for (const assignment of options.sweep ?? []) {
    const at = assignment.indexOf('=');
    const quoted = at < 0 ? assignment : `sweep."${assignment.slice(0, at)}"=${assignment.slice(at + 1)}`;
    apply(setOption(root, quoted, '--sweep', scenarioSchema));
  }
  const checked = validate(scenarioSchema, document, file, { value: root, overrides });
  found.push(...checked.mistakes);
  if (!checked.valid || found.length > 0) return { ok: false, mistakes: sortMistakes(found) };
  return expand({ file, document, root, overrides, base: checked.value });
};

interface Source {
  readonly file: string;
  readonly document: ReturnType<typeof parseYaml>['document'];
  readonly root: unknown;
  readonly overrides: readonly Override[];
  readonly base: Scenario;
}

/** The tree of one point: what the file and the options say, and then the point's own settings. */
const settled = (source: Source, { settings, labels }: GridPoint, places: Places, found: Mistake[]) => {
  let { root } = source;
  const overrides = [...source.overrides];
  for (const { path: where, value } of settings) {
    const option = source.overrides.findLast(({ path: set }) => set[0] === 'sweep' && set[1] === where);
    const written = places.key(['sweep', where]) ?? places.key(['cases', labels['case'], where]);
    const place = option?.place ?? written ?? { file: source.file, line: 1, column: 1 };
    const assigned = setPath(withPriceOf(root, where), where, value, place, scenarioSchema);
    root = assigned.value;
    found.push(...assigned.mistakes);
    if (assigned.override !== undefined) overrides.push(assigned.override);
  }
  return { root, overrides };
};

/** Costs that a datapath charges and the machine does not price. @param built what was found before, by profile and parameters. */
const unpriced = (
  scenario: Scenario,
  machine: Machine,
  profile: string,
  built: Map<string, string>,
): string[] => {
  const messages: string[] = [];
  const vms = Object.values(scenario.vms);
  const viommu = vms.map(guestIommu).find((behind) => behind.viommu !== undefined);
  const scheduled = vms.find(({ disk }) => disk !== undefined && disk.scheduler !== 'none')?.disk;
  const bounced = vms.find(({ swiotlb }) => swiotlb !== undefined);
  const guest = {
    ...viommu,
    ...(scheduled && { disk: blockQueueSettings(scheduled) }),
    ...(bounced && bounceSlots(bounced)),
  };
  const own = Object.values(scenario.vms).flatMap((vm) => vm.datapath ?? []);
  const vcpus = Math.max(...Object.values(scenario.vms).map((vm) => vm.vcpus));
  for (const datapath of new Set([...scenario.datapaths, ...own])) {
    const params = scenario.parameters[datapath];
    const key = JSON.stringify([profile, datapath, params, guest, vcpus]);
    const missing = built.get(key) ?? missingCost(machine, datapath, params, guest, vcpus) ?? '';
    built.set(key, missing);
    if (missing !== '') messages.push(`the profile has no price for "${missing}", which ${datapath} charges`);
  }
  const guests = missingForGuests(scenario, machine);
  if (guests === null) return messages;
  const [cost, kind] = guests;
  return [...messages, `the profile has no price for "${cost}", which ${kind} charges with these guests`];
};

/** With VMs that are alike written out. */
const unfolded = (written: Scenario, places: Places, found: Mistake[]) => {
  const { scenario, copies } = copied(written);
  const twice = clash(written, copies);
  if (twice !== null) {
    const place = places.key(['vms', twice]) ?? places.key(['workloads', twice]);
    const message = `a copy of an entry with a count is called "${twice}", too`;
    found.push({ ...(place ?? { file: '', line: 1, column: 1 }), path: ['vms', twice], message });
  }
  return { scenario, copies };
};

/** Validates every point of the grid by itself, so that a swept value is checked like a written one. */
const expand = (source: Source): Loaded => {
  const { file, document } = source;
  const places = new Places(document, file);
  const nowhere = { file, line: 1, column: 1 };
  const found: Mistake[] = [];
  const warnings = new Set<string>();
  let points: GridPoint[] = [];
  try {
    points = grid(source.base);
  } catch (error) {
    const place = places.key(['sweep']) ?? nowhere;
    return { ok: false, mistakes: [{ ...place, path: ['sweep'], message: (error as Error).message }] };
  }
  const profiles = new Map<string, ReturnType<typeof loadProfile>>();
  /** By profile and parameters: a cost that is missing there, or ''. */
  const built = new Map<string, string>();
  const ready: ScenarioPoint[] = [];
  const where = new Where(source.base.where ?? [], places);
  let leftOut = 0;
  for (const { settings, labels } of points) {
    const { root, overrides } = settled(source, { settings, labels }, places, found);
    const checked = validate(scenarioSchema, document, file, { value: root, overrides });
    found.push(...checked.mistakes);
    if (!checked.valid) continue;
    const written = checked.value;
    const profileFile = path.join(path.dirname(file), written.machine);
    const known = profiles.get(profileFile) ?? loadProfile(profileFile);
    profiles.set(profileFile, known);
    if ('mistakes' in known) {
      const place = places.value(['machine']) ?? nowhere;
      if (known.mistakes.some(({ line }) => line === 0)) {
        found.push({ ...place, path: ['machine'], message: `"${written.machine}" cannot be read` });
      } else found.push(...known.mistakes);
      continue;
    }
    const profile = overridden(known.profile, written);
    if (!where.admits(written, profile)) {
      leftOut++;
      continue;
    }
    const { scenario, copies } = unfolded(written, places, found);
    const irqCore = scenario.host.irqCore ?? profile.cores - 1;
    found.push(...checkPoint(scenario, profile, known.profile, places, irqCore));
    for (const [name, entry] of Object.entries(profile.costs)) {
      const remark = outOfRange(name, entry);
      if (remark !== null) warnings.add(remark);
    }
    if (found.length > 0) continue;
    const machine = machineOf(profile, irqCore);
    const place = places.value(['machine']) ?? nowhere;
    for (const message of unpriced(scenario, machine, profileFile, built)) {
      found.push({ ...place, path: ['machine'], message });
    }
    ready.push({ labels, scenario, copies, profile, machine });
  }
  found.push(...where.mistakes);
  if (ready.length === 0 && found.length === 0) {
    const place = places.key(['where']) ?? nowhere;
    found.push({ ...place, path: ['where'], message: `leaves none of the ${leftOut} points` });
  }
  return judged(source, places, { ready, found, warnings, leftOut });
};

interface Expanded {
  readonly ready: readonly ScenarioPoint[];
  readonly found: Mistake[];
  readonly warnings: Set<string>;
  readonly leftOut: number;
}

/** What the scenario says of its results must speak of its points. Options may leave out some of those that the file was written for. */
const judged = (source: Source, places: Places, { ready, found, warnings, leftOut }: Expanded): Loaded => {
  const { base: written, overrides, file } = source;
  const asWritten = overrides.length === 0;
  const idle = found.length === 0 ? checkExpectations(written, ready, places) : [];
  if (asWritten) found.push(...idle);
  const unanswered = found.length === 0 ? checkAnswers(written, ready, places) : [];
  if (asWritten) found.push(...unanswered);
  const { reference } = written;
  if (reference !== undefined && found.length === 0 && asWritten) {
    found.push(...checkReference(reference, ready, places));
  }
  if (found.length > 0) return { ok: false, mistakes: sortMistakes(found) };
  const kept = <T>(entries: readonly T[], root: string, mistakes: readonly Mistake[]): T[] =>
    entries.filter((_, i) => !mistakes.some(({ path: at }) => at[0] === root && at[1] === i));
  const expect = kept(written.expect, 'expect', idle);
  const left = written.expect.length - expect.length;
  if (left > 0) warnings.add(`${left} of the expectations speak of points that the options leave out`);
  const name = path.basename(file).replace(/\.ya?ml$/, '');
  const base = { ...written, expect, answer: kept(written.answer, 'answer', unanswered) };
  return {
    ok: true,
    loaded: { name, file, base, points: ready, leftOut, warnings: [...warnings], places },
  };
};
