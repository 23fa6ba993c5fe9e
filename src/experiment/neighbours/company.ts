/**
 * Points with a part of the VMs: each tenant alone, each two of them, and all, on the same machine. A tenant is a VM that has workloads. One
 * that is not there is gone with its card and its threads; VMs without workloads and background load belong to the machine and stay.
 */
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { Scenario } from '../../scenario/schema.ts';
import { rampTime } from '../../scenario/workload-schema.ts';
import { placed } from '../vm-setup.ts';

export interface CompanyPoint {
  readonly point: ScenarioPoint;
  /** Names of the tenants that are there, in file order. */
  readonly present: readonly string[];
}

const hasWorkloads = ({ workloads }: Scenario, vm: string): boolean =>
  Object.values(workloads).some((workload) => workload.vm === vm);

/** VMs that have workloads, in file order. */
export const tenantsOf = (scenario: Scenario): string[] =>
  Object.keys(scenario.vms).filter((vm) => hasWorkloads(scenario, vm));

/** Each alone, each two, and all; of two tenants the only pair is all. */
export const companiesOf = (tenants: readonly string[]): string[][] => [
  ...tenants.map((tenant) => [tenant]),
  ...tenants.flatMap((one, i) => tenants.slice(i + 1).map((other) => [one, other])),
  ...(tenants.length > 2 ? [[...tenants]] : []),
];

/** What the point is called in progress and messages. */
const nameOf = (present: readonly string[], tenants: readonly string[]): string => {
  if (present.length === tenants.length) return 'all VMs';
  return present.length === 1 ? `${present[0]} alone` : present.join(' and ');
};

/**
 * The point without the other tenants. Who stays keeps its place, also where that follows from its rank among all VMs, and its random
 * numbers: streams are named by workload. Windows stay the same as well where the warm-up is given; a pilot finds each its own. Costs that
 * are drawn have a stream for each cost, which all VMs draw from: those differ.
 */
export const inCompany = (point: ScenarioPoint, present: readonly string[]): ScenarioPoint => {
  const { scenario, labels } = point;
  const tenants = tenantsOf(scenario);
  const stays = (vm: string): boolean => present.includes(vm) || !tenants.includes(vm);
  const vms = Object.entries(scenario.vms).flatMap(([name, settings], index) => {
    if (!stays(name)) return [];
    const { vcpus, backend } = placed(point, name, index);
    const pin = { ...settings.pin, vcpus: vcpus.map((cores) => [...cores]), backend: [...backend] };
    return [[name, { ...settings, pin }] as const];
  });
  const workloads = Object.fromEntries(Object.entries(scenario.workloads).filter(([, { vm }]) => stays(vm)));
  const { run } = scenario;
  const warmUp = run.warmUp === 'auto' ? run.warmUp : Math.max(run.warmUp, rampTime(scenario));
  return {
    ...point,
    labels: { ...labels, vms: nameOf(present, tenants) },
    copies: {
      vms: remaining(point.copies.vms, stays),
      workloads: remaining(point.copies.workloads, (name) => name in workloads),
    },
    scenario: {
      ...scenario,
      vms: Object.fromEntries(vms),
      workloads,
      run: { ...run, warmUp: warmUp as typeof run.warmUp },
    },
  };
};

/** Those of the copies of each entry that are there; entries without any left out. */
const remaining = (
  all: Readonly<Record<string, readonly string[]>>,
  isThere: (name: string) => boolean,
): Record<string, readonly string[]> => {
  const left = Object.entries(all).map(([name, copies]) => [name, copies.filter(isThere)] as const);
  return Object.fromEntries(left.filter(([, copies]) => copies.length > 0));
};

/** All companies of a point. */
export const companyPoints = (point: ScenarioPoint): CompanyPoint[] =>
  companiesOf(tenantsOf(point.scenario)).map((present) => ({ point: inCompany(point, present), present }));
