/** What the VMs of one point do to each other on one datapath, put together from the results of its companies. */
import type { Swept } from '../rows.ts';
import type { PointResult } from '../run-point.ts';
import type { CompanyPoint } from './company.ts';
import { type Fairness, fairnessOf } from './fairness.ts';
import { addedTo, type Beside, cellOf, type Sufferer } from './interference.ts';
import { type Isolation, isolationOf } from './isolation.ts';

export interface Neighbourhood {
  readonly datapath: string;
  readonly swept: Swept;
  readonly tenants: readonly string[];
  /** VMs without workloads, which are there in every company. */
  readonly idle: readonly string[];
  readonly sufferers: readonly Sufferer[];
  readonly fairness: Fairness | null;
  readonly isolation: Isolation | null;
}

const keyOf = (present: readonly string[]): string => [...present].sort().join('\u0000');

/** @param results of the companies of that point on that datapath, in any order; some may be missing. */
export const neighbourhoodOf = (
  swept: Swept,
  datapath: string,
  companies: readonly CompanyPoint[],
  results: readonly PointResult[],
): Neighbourhood => {
  const byCompany = new Map(
    companies.map(({ point, present }) => [
      keyOf(present),
      results.find((result) => result.point === point && result.datapath === datapath),
    ]),
  );
  const resultOf = (...present: string[]): PointResult | undefined => byCompany.get(keyOf(present));
  const { present: tenants, point: whole } = companies[companies.length - 1];
  const { vms, workloads } = whole.scenario;
  const all = resultOf(...tenants);
  const sufferers = Object.entries(workloads).map(([workload, { vm }]) => {
    const alone = resultOf(vm);
    const besides = (result: PointResult | undefined, others: readonly string[]): Beside => ({
      others,
      cell: cellOf(result, workload),
      added: addedTo(alone, result, workload),
    });
    const others = tenants.filter((tenant) => tenant !== vm);
    return {
      vm,
      workload,
      alone: cellOf(alone, workload),
      besideOne: others.map((other) => besides(resultOf(vm, other), [other])),
      besideAll: besides(all, others),
    };
  });
  return {
    datapath,
    swept,
    tenants,
    idle: Object.keys(vms).filter((vm) => !tenants.includes(vm)),
    sufferers,
    fairness: fairnessOf(tenants, resultOf, all),
    isolation: isolationOf(
      tenants.map((tenant) => resultOf(tenant)),
      all,
    ),
  };
};
