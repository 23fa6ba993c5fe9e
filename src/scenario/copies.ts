/** VMs that are alike: one entry with a `count` stands for so many, each with workloads of its own. */
import type { Scenario } from './schema.ts';
import type { VmSettings } from './vm-schema.ts';

/** Of each entry that is copied: its name, and the names of its copies. */
export interface Copies {
  readonly vms: Readonly<Record<string, readonly string[]>>;
  readonly workloads: Readonly<Record<string, readonly string[]>>;
}

/** `web-3`: the third of `web`. */
const copyName = (name: string, index: number): string => `${name}-${index + 1}`;

/** The entry that a copy was made from, if it is one. */
export const originOf = (name: string): string => name.replace(/-\d+$/, '');

/** The cores of a copy: with `spread`, those of its threads take one core of their set each, in turn. */
const pinned = ({ pin, vcpus }: VmSettings, index: number): VmSettings['pin'] => {
  if (!pin.spread) return pin;
  const pick = (set: number | number[], turn: number): number =>
    typeof set === 'number' ? set : set[turn % set.length];
  return {
    ...pin,
    ...(pin.vcpus && { vcpus: pin.vcpus.map((set, i) => pick(set, index * vcpus + i)) }),
    ...(pin.backend !== undefined && { backend: pick(pin.backend, index) }),
  };
};

/** Each entry with a `count` replaced by its copies, VMs and workloads in the order of the file, copy by copy. */
export const copied = (scenario: Scenario): { scenario: Scenario; copies: Copies } => {
  const copies = { vms: {} as Record<string, string[]>, workloads: {} as Record<string, string[]> };
  const vms: Scenario['vms'] = {};
  for (const [name, settings] of Object.entries(scenario.vms)) {
    const { count } = settings;
    if (count === undefined) {
      vms[name] = settings;
      continue;
    }
    copies.vms[name] = Array.from({ length: count }, (_, i) => copyName(name, i));
    copies.vms[name].forEach((copy, i) => {
      vms[copy] = { ...settings, pin: pinned(settings, i) };
    });
  }
  const workloads: Scenario['workloads'] = {};
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    const owners = Object.hasOwn(copies.vms, workload.vm) ? copies.vms[workload.vm] : undefined;
    if (owners === undefined) {
      workloads[name] = workload;
      continue;
    }
    copies.workloads[name] = owners.map((_, i) => copyName(name, i));
    owners.forEach((vm, i) => {
      workloads[copyName(name, i)] = { ...workload, vm };
    });
  }
  return { scenario: { ...scenario, vms, workloads }, copies };
};

/** The workloads by name with their members, copies of a VM taken together: those of their own first. */
export const workloadGroups = (
  { workloads }: Scenario,
  copies: Copies,
): readonly (readonly [name: string, members: readonly string[]])[] => {
  const copiesOfAny = new Set(Object.values(copies.workloads).flat());
  const alone = Object.keys(workloads).filter((name) => !copiesOfAny.has(name));
  return [...alone.map((name) => [name, [name]] as const), ...Object.entries(copies.workloads)];
};

/** A copy that is called as another entry is; null where none is. */
export const clash = ({ vms, workloads }: Scenario, copies: Copies): string | null => {
  const taken = (all: object, made: Copies['vms']): string | undefined =>
    Object.values(made)
      .flat()
      .find((name) => Object.hasOwn(all, name));
  return taken(vms, copies.vms) ?? taken(workloads, copies.workloads) ?? null;
};
