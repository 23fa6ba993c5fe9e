/** Traffic from the other end of the wire, at the times of an arrival process. */
import type { WorkloadRecord } from '../../accounting/workload-record.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import type { RemotePeer } from './remote-peer.ts';

export interface Traffic {
  readonly record: WorkloadRecord;
  readonly flow: number;
  readonly arrivals: { next(): Picoseconds };
  readonly sizes: { next(): number };
}

export class TrafficSource {
  constructor(sim: Simulation, peer: RemotePeer, traffic: Traffic) {
    const { record, flow, arrivals, sizes } = traffic;
    const emit = sim.handler(() => {
      peer.send(record, flow, sizes.next());
      sim.at(arrivals.next(), emit);
    }, `source of ${record.name}`);
    sim.at(arrivals.next(), emit);
  }
}
