/** Invented but plausible results, for the tests of this room: a queue per datapath, with a seeded wobble. */
import type { CostRow, Results, Side, StageKind, StageRow, SummaryRow, Swept } from './rows.ts';

interface Path {
  readonly fixed: number;
  readonly service: number;
  readonly payers: readonly (readonly [payer: string, side: Side, cycles: number])[];
  readonly stages: readonly (readonly [stage: string, kind: StageKind, weight: number])[];
  readonly exits: number;
  readonly station: string;
}

const GUEST_SEND: Path['stages'] = [
  ['guest: send call', 'working', 6],
  ['guest: stack out', 'working', 14],
];
const GUEST_RECEIVE: Path['stages'] = [
  ['guest: stack in', 'working', 16],
  ['wait: guest application', 'waiting', 9],
  ['stack: receive call', 'working', 6],
];
const WIRE: Path['stages'] = [
  ['PCIe out', 'working', 4],
  ['wire', 'working', 3],
  ['peer', 'working', 10],
  ['PCIe in', 'working', 4],
];

export const PATHS: Readonly<Record<string, Path>> = {
  native: {
    fixed: 8_200,
    service: 600,
    payers: [
      ['app web', 'guest', 2_100],
      ['kernel', 'guest', 3_900],
    ],
    stages: [...GUEST_SEND, ...WIRE, ['wait: interrupt', 'waiting', 12], ...GUEST_RECEIVE],
    exits: 0,
    station: 'nic',
  },
  e1000: {
    fixed: 61_000,
    service: 2_900,
    payers: [
      ['guest web', 'guest', 8_400],
      ['vcpu-k', 'host', 21_700],
      ['qemu main', 'host', 31_000],
      ['host softirq', 'host', 4_100],
    ],
    stages: [
      ...GUEST_SEND,
      ['guest: register write', 'working', 2],
      ['exit to QEMU', 'working', 26],
      ['wait: big QEMU lock', 'waiting', 31],
      ['QEMU: e1000 transmit', 'working', 64],
      ['tap write', 'working', 18],
      ['host: stack out', 'working', 11],
      ['host: bridge', 'working', 3],
      ['host: qdisc', 'working', 2],
      ...WIRE,
      ['host: stack in', 'working', 12],
      ['wait: QEMU main loop', 'waiting', 82],
      ['QEMU: e1000 receive', 'working', 55],
      ['wait: interrupt injection', 'waiting', 24],
      ['guest: interrupt handler', 'working', 33],
      ...GUEST_RECEIVE,
    ],
    exits: 5.31,
    station: 'qemu main',
  },
  'virtio-net': {
    fixed: 24_000,
    service: 1_500,
    payers: [
      ['guest web', 'guest', 6_900],
      ['vcpu-k', 'host', 5_200],
      ['qemu main', 'host', 11_500],
      ['host softirq', 'host', 4_000],
    ],
    stages: [
      ...GUEST_SEND,
      ['guest: add to ring', 'working', 3],
      ['kick exit', 'working', 12],
      ['wait: QEMU main loop', 'waiting', 34],
      ['QEMU: virtio transmit', 'working', 25],
      ['tap write', 'working', 18],
      ['host: stack out', 'working', 11],
      ...WIRE,
      ['host: stack in', 'working', 12],
      ['wait: QEMU main loop (in)', 'waiting', 30],
      ['QEMU: virtio receive', 'working', 22],
      ['wait: interrupt injection', 'waiting', 14],
      ...GUEST_RECEIVE,
    ],
    exits: 1.87,
    station: 'qemu main',
  },
  'vhost-net': {
    fixed: 16_500,
    service: 1_000,
    payers: [
      ['guest web', 'guest', 6_800],
      ['vcpu-k', 'host', 2_900],
      ['vhost', 'host', 6_200],
      ['host softirq', 'host', 3_800],
    ],
    stages: [
      ...GUEST_SEND,
      ['guest: add to ring', 'working', 3],
      ['kick exit', 'working', 9],
      ['wait: vhost worker', 'waiting', 21],
      ['vhost: copy', 'working', 10],
      ['host: stack out', 'working', 11],
      ...WIRE,
      ['host: stack in', 'working', 12],
      ['wait: vhost worker (in)', 'waiting', 18],
      ['vhost: copy (in)', 'working', 9],
      ['wait: interrupt injection', 'waiting', 7],
      ...GUEST_RECEIVE,
    ],
    exits: 0.94,
    station: 'vhost[0]',
  },
  sriov: {
    fixed: 9_400,
    service: 640,
    payers: [
      ['guest web', 'guest', 6_300],
      ['vcpu-k', 'host', 310],
    ],
    stages: [...GUEST_SEND, ...WIRE, ['wait: posted interrupt', 'waiting', 14], ...GUEST_RECEIVE],
    exits: 0,
    station: 'nic',
  },
};

/** A number in (0, 1) that depends on the text alone. */
const wobble = (text: string): number => {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  h ^= h >>> 15;
  return ((Math.imul(h, 2246822519) >>> 0) + 0.5) / 2 ** 32;
};

const STATISTICS: readonly (readonly [string, number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['p99.99', 0.9999],
];

export interface Shape {
  readonly points: readonly { readonly swept: Swept; readonly rate: number; readonly factor?: number }[];
  readonly workloads?: readonly string[];
  readonly datapaths?: readonly string[];
}

const pointRows = (datapath: string, workload: string, at: Shape['points'][number]): SummaryRow[] => {
  const path = PATHS[datapath] ?? PATHS['vhost-net'];
  const factor = (at.factor ?? 1) * (workload === 'bulk' ? 1 : 1.35);
  const capacity = 1e9 / (path.service * (at.factor ?? 1));
  const load = at.rate / capacity;
  const saturated = load >= 1;
  const verdict = saturated ? `saturated: ${path.station}` : 'steady';
  const row = (
    metric: string,
    statistic: string,
    unit: string,
    mean: number,
    more: { spread?: number; component?: string } = {},
  ): SummaryRow => {
    const key = [datapath, workload, JSON.stringify(at.swept), metric, statistic, more.component].join();
    const value = mean * (1 + (wobble(key) - 0.5) * (more.spread ?? 0));
    const half = value * (more.spread ?? 0) * (0.5 + wobble(`${key}half`));
    return {
      scenario: 'invented',
      datapath,
      vm: workload === 'bulk' ? 'backup' : 'web',
      workload,
      swept: at.swept,
      metric,
      component: more.component ?? '',
      statistic,
      unit,
      value,
      ci_low: value - half,
      ci_high: value + half,
      replications: 10,
      verdict,
    };
  };
  const tail = (p: number): number =>
    path.fixed * factor * (1 + 0.08 * Math.log10(1 / (1 - p))) +
    (path.service * factor * -Math.log(1 - p)) / (1 - load);
  const payers = path.payers.map(([payer, , cycles]) =>
    row('cycles', 'mean', 'cycles/request', cycles, { component: payer }),
  );
  const cycles = path.payers.reduce((sum, [, , some]) => sum + some, 0);
  return [
    ...(saturated
      ? []
      : STATISTICS.map(([name, p]) =>
          row('latency', name, 'ns', tail(p), { spread: 0.01 + 0.1 * p ** 400 }),
        )),
    row('throughput.requests', 'rate', '1/s', Math.min(at.rate, capacity), { spread: 0.004 }),
    row('exits.device', 'mean', '1/request', path.exits, { component: 'kick', spread: 0.001 }),
    row('exits.other', 'mean', '1/request', path.exits / 3, { spread: 0.01 }),
    row('interrupts.taken', 'mean', '1/request', 0.97, { spread: 0.02 }),
    row('cpu', 'mean', 'cores', (cycles * at.rate) / 3e9, { spread: 0.01 }),
    ...payers,
  ];
};

export const invented = ({
  points,
  workloads = ['rpc', 'bulk'],
  datapaths = Object.keys(PATHS),
}: Shape): Results => {
  const summary: SummaryRow[] = [];
  const costs: CostRow[] = [];
  const stages: StageRow[] = [];
  for (const datapath of datapaths) {
    const path = PATHS[datapath] ?? PATHS['vhost-net'];
    for (const point of points) {
      const base = { scenario: 'invented', datapath, swept: point.swept };
      for (const [payer, side, cycles] of path.payers) {
        for (const [cost, share] of [
          ['copyPerByte', 0.3],
          ['descriptor', 0.7],
        ] as const) {
          const spent = cycles * share * (1 + 0.3 / (1 + point.rate / 50_000));
          costs.push({
            ...base,
            core: 'core0',
            thread: payer,
            side,
            payer,
            cost: `${payer}.${cost}`,
            busy_ns_per_request: spent / 3,
            cycles_per_request: spent,
            count_per_request: 1,
            ci_low: spent,
            ci_high: spent,
          });
        }
      }
      const spent = costs
        .filter((row) => row.datapath === datapath && row.swept === point.swept)
        .reduce((sum, row) => sum + row.cycles_per_request, 0);
      const rows = workloads.flatMap((workload) => pointRows(datapath, workload, point));
      summary.push(...rows, {
        ...rows[0],
        vm: '',
        workload: '',
        metric: 'cycles',
        component: '',
        statistic: 'mean',
        unit: 'cycles/request',
        value: spent,
        ci_low: spent * 0.985,
        ci_high: spent * 1.015,
      });
      for (const workload of workloads) {
        const weights = path.stages.reduce((sum, [, , weight]) => sum + weight, 0);
        const mean = path.fixed * (workload === 'bulk' ? 1 : 1.35);
        path.stages.forEach(([stage, kind, weight], position) => {
          const share = weight / weights;
          stages.push({
            ...base,
            workload,
            position,
            stage,
            kind,
            mean_ns: mean * share,
            share,
            p50_ns: mean * share * 0.9,
            p99_ns: mean * share * 2.2,
            sample: 2048,
          });
        });
      }
    }
  }
  return { summary, costs, stages };
};

const RATES = [10, 50, 100, 200, 400];

export const plainRun = (): Results => invented({ points: [{ swept: {}, rate: 50_000 }] });

export const rateSweep = (): Results =>
  invented({ points: RATES.map((k) => ({ swept: { 'workloads.bulk.rate': `${k} k/s` }, rate: k * 1e3 })) });

export const wideRateSweep = (): Results =>
  invented({
    datapaths: [...Object.keys(PATHS), 'vhost-user'],
    workloads: ['rpc'],
    points: Array.from({ length: 9 }, (_, i) => 10_000 * 10 ** (i / 4)).map((rate) => ({
      swept: { 'workloads.rpc.rate': `${rate} /s` },
      rate,
    })),
  });

export const twoAxes = (): Results =>
  invented({
    points: [64, 512, 1500].flatMap((size, i) =>
      RATES.map((k) => ({
        swept: { 'workloads.bulk.rate': `${k} k/s`, 'workloads.bulk.size': `${size} B` },
        rate: k * 1e3,
        factor: 1 + i / 4,
      })),
    ),
  });

export const wordSweep = (): Results =>
  invented({
    points: ['completely-fair', 'eevdf', 'real-time'].map((name, i) => ({
      swept: { 'host.scheduler.policy': name },
      rate: 80_000,
      factor: 1 + i / 10,
    })),
  });
