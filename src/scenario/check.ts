/** Rules that join several keys: cores exist, names refer to something, limits of real devices hold. */
import { UNPRICED } from '../accounting/unpriced.ts';
import type { Datapath } from '../datapaths/datapath.ts';
import { datapaths } from '../datapaths/index.ts';
import { isSplitOnly } from '../models/virtio/misdeeds.ts';
import { inSeconds, LONGEST_TRIAL, seconds } from '../units.ts';
import { checkCards } from './check-cards.ts';
import { checkDisks } from './check-disks.ts';
import { sizeRefused } from './check-sizes.ts';
import { checkViommu } from './check-viommu.ts';
import { originOf } from './copies.ts';
import { extent, priced } from './price.ts';
import type { Profile } from './profile.ts';
import type { Scenario } from './schema.ts';
import { didYouMean, type Mistake, type PathKey } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';
import type { Places } from './text/places.ts';
import type { VmSettings } from './vm-schema.ts';
import { rampTime } from './workload-schema.ts';

/** Smallest queue of QEMU's devices (VIRTIO_NET_TX_QUEUE_MIN_SIZE in hw/net/virtio-net.c). */
const QUEUE_MIN = 256;

const asList = (cores: number | readonly number[] | undefined): readonly number[] =>
  cores === undefined ? [] : typeof cores === 'number' ? [cores] : cores;

/** Collects mistakes at the nearest place that the file has for a path. */
export const reporter = (places: Places): { found: Mistake[]; mistake: Report } => {
  const found: Mistake[] = [];
  const mistake: Report = (path, message) => {
    // A copy of an entry stands where the entry stands.
    const [root, name, ...rest] = path;
    const origin = name === undefined ? path : [root, originOf(String(name)), ...rest];
    const parents = [path, origin, path.slice(0, -1), origin.slice(0, -1), path.slice(0, 1), []];
    const place = parents.map((at) => places.value(at)).find((at) => at !== undefined);
    const known = found.some((other) => other.line === place?.line && other.column === place.column);
    if (known && origin !== path && places.value(path) === undefined && originOf(String(name)) !== name)
      return;
    found.push({ ...(place ?? { file: '', line: 1, column: 1 }), path: [...path], message });
  };
  return { found, mistake };
};

export const checkPoint = (
  scenario: Scenario,
  profile: Profile,
  original: Profile,
  places: Places,
  irqCore: number,
): Mistake[] => {
  const { found, mistake } = reporter(places);
  const { cores } = profile;
  const coreCheck = (path: readonly PathKey[], list: readonly number[]): void => {
    const wrong = list.find((core) => core >= cores);
    if (wrong !== undefined)
      mistake(path, `core ${wrong} does not exist: the host has cores 0 to ${cores - 1}`);
  };
  coreCheck(['host', 'irqCore'], [irqCore]);
  for (const [name, vm] of Object.entries(scenario.vms)) {
    vm.pin.vcpus?.forEach((cores, i) => {
      coreCheck(['vms', name, 'pin', 'vcpus', i], asList(cores));
    });
    coreCheck(['vms', name, 'pin', 'backend'], asList(vm.pin.backend));
    hostileCheck(scenario, name, mistake);
    tunablesCheck(name, vm, vm.datapath === undefined ? scenario.datapaths : [vm.datapath], mistake);
    checkViommu(scenario, name, mistake);
  }
  for (const [name, hog] of Object.entries(scenario.background)) {
    coreCheck(['background', name, 'cores'], hog.cores);
  }
  if (Object.keys(scenario.vms).length === 0) mistake(['vms'], 'at least one VM is needed');
  if (Object.keys(scenario.workloads).length === 0) mistake(['workloads'], 'at least one workload is needed');
  workloadCheck(scenario, mistake);
  checkDisks(scenario, profile, mistake);
  for (const name of Object.keys(scenario.costs)) {
    if (Object.hasOwn(original.costs, name)) continue;
    const near = nearest(name, Object.keys(original.costs));
    mistake(['costs', name], `the machine profile has no cost "${name}"${didYouMean(near)}`);
  }
  for (const datapath of VIRTIO) {
    const { tunables } = scenario.parameters[datapath.kind] as { tunables: RingSizes };
    ringCheck(datapath, tunables, ['parameters', datapath.kind, 'tunables'], mistake);
  }
  const { measure, warmUp } = scenario.run;
  const before = Math.max(warmUp === 'auto' ? measure : warmUp, rampTime(scenario));
  if (measure + before > LONGEST_TRIAL) {
    mistake(
      ['run', 'measure'],
      `a trial is at most ${inSeconds(LONGEST_TRIAL)} simulated seconds, warm-up included`,
    );
  }
  const twice = scenario.datapaths.find((name, i, all) => all.indexOf(name) < i);
  if (twice !== undefined) mistake(['datapaths'], `"${twice}" stands twice`);
  machineCheck(profile, mistake);
  if (found.length === 0) checkCards(scenario, mistake);
  return found;
};

const workloadCheck = (scenario: Scenario, mistake: Report): void => {
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (!Object.hasOwn(scenario.vms, workload.vm)) {
      const near = nearest(workload.vm, Object.keys(scenario.vms));
      mistake(['workloads', name, 'vm'], `there is no VM "${workload.vm}"${didYouMean(near)}`);
    }
    if (workload.kind === 'fio') continue;
    const sizes =
      workload.kind === 'request-response'
        ? ([
            ['request', workload.request],
            ['response', workload.response],
          ] as const)
        : typeof workload.size === 'number'
          ? ([['size', workload.size]] as const)
          : workload.size.map(({ size }) => ['size', size] as const);
    if (
      'size' in workload &&
      typeof workload.size !== 'number' &&
      workload.size.every((s) => s.weight === 0)
    ) {
      mistake(['workloads', name, 'size'], 'every weight is 0');
    }
    for (const [key, size] of sizes) {
      const reason = sizeRefused(scenario, workload, size);
      if (reason !== null) mistake(['workloads', name, key], `${size} B ${reason}`);
    }
  }
};

const PRICE_MAX = seconds(1);

const machineCheck = ({ idleStates, costs, clock }: Profile, mistake: Report): void => {
  if (idleStates[0].after !== 0) {
    mistake(['host', 'idleStates'], 'the first idle state must begin after 0 us');
  }
  if (idleStates.some(({ after }, i) => i > 0 && after <= idleStates[i - 1].after)) {
    mistake(['host', 'idleStates'], 'idle states must be listed by rising `after`');
  }
  for (const [name, entry] of Object.entries(costs)) {
    const { fixed, most } = extent(priced(entry, clock));
    if (UNPRICED.has(name) && most > 0)
      mistake(['costs', name], 'lasts as long as it lasts and has no price');
    if (most > PRICE_MAX) {
      mistake(['costs', name], `a price of ${inSeconds(fixed)} s, or its spread, goes beyond 1 s`);
    }
  }
};

export type Report = (path: readonly PathKey[], message: string) => void;

/** A hostile guest needs rings to misbehave in, and of the layout that its misdeed belongs to. */
const hostileCheck = (scenario: Scenario, name: string, mistake: Report): void => {
  const { hostile, datapath, net } = scenario.vms[name];
  if (hostile === undefined) return;
  const kinds = datapath === undefined ? scenario.datapaths : [datapath];
  const other = kinds.find((kind) => !VIRTIO.some((virtio) => virtio.kind === kind));
  if (other !== undefined) {
    mistake(
      ['vms', name, 'hostile'],
      `${other} has no virtqueue; give this VM a virtio \`datapath:\` of its own`,
    );
  }
  const polled = kinds.find((kind) => {
    const { guestDriver } = scenario.parameters[kind] as { guestDriver?: string };
    return guestDriver === 'pmd';
  });
  if (polled !== undefined) {
    mistake(
      ['vms', name, 'hostile'],
      `a guest that polls ${polled} (guestDriver: pmd) leaves its vCPU to nobody else; take linux`,
    );
  }
  const packed = kinds.some((kind) => {
    const { tunables } = scenario.parameters[kind] as { tunables?: { packed?: boolean } };
    return net.tunables.packed ?? tunables?.packed ?? false;
  });
  if (packed && isSplitOnly(hostile.misdeed)) {
    mistake(['vms', name, 'hostile', 'misdeed'], 'a packed ring has no such index');
  }
};

type VirtioDatapath = Datapath & Required<Pick<Datapath, 'rings'>>;
const VIRTIO = datapaths.filter((datapath): datapath is VirtioDatapath => datapath.rings !== undefined);
type RingSizes = Pick<VmSettings['net']['tunables'], 'tx_queue_size' | 'rx_queue_size'>;

/** A VM's tunables hold on each of the compared datapaths that has them; the first that refuses one speaks. */
const tunablesCheck = (
  name: string,
  { net }: VmSettings,
  kinds: readonly string[],
  mistake: Report,
): void => {
  const at = ['vms', name, 'net', 'tunables'];
  const virtio = VIRTIO.filter(({ kind }) => kinds.includes(kind));
  const refused = new Set<string>();
  const first: Report = (path, message) => {
    const where = path.join('.');
    if (!refused.has(where)) mistake(path, message);
    refused.add(where);
  };
  for (const datapath of virtio) ringCheck(datapath, net.tunables, at, first);
  if (virtio.length === 0 && Object.keys(net.tunables).length > 0)
    mistake(at, `none of ${kinds.join(', ')} has these tunables`);
};

const ringCheck = (
  { kind, rings }: VirtioDatapath,
  tunables: RingSizes,
  at: readonly PathKey[],
  mistake: Report,
): void => {
  for (const [key, limit] of [
    ['tx_queue_size', rings.tx],
    ['rx_queue_size', rings.rx],
  ] as const) {
    const size = tunables[key];
    if (size === undefined) continue;
    if (!Number.isInteger(Math.log2(size)) || size < QUEUE_MIN) {
      mistake(
        [...at, key],
        `a virtqueue of QEMU has a power of two of at least ${QUEUE_MIN} entries, not ${size}`,
      );
    } else if (size > limit) {
      const why = limit < rings.rx ? `; ${kind} takes more only for receive` : '';
      mistake([...at, key], `${size} entries are more than the ${limit} that ${kind} supports${why}`);
    }
  }
};
