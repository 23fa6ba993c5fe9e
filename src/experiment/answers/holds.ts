/** Up to which value of a sweep objectives hold. */
import type { Objective } from '../../scenario/objective.ts';
import { binding, decision, type Probe } from '../capacity/probe.ts';
import { probeOf } from '../capacity/requirements.ts';
import type { Series } from './groups.ts';

const CONFIDENCE = 0.95;

export interface Holds {
  readonly datapath: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The last value of the sweep up to which all hold beyond doubt; null where the first does not. */
  readonly upTo: string | null;
  /** The next one, and why it is not counted; null where all hold. */
  readonly next: {
    readonly value: string;
    readonly decision: 'fails' | 'close';
    readonly requirement: string;
    readonly saturated: string | null;
  } | null;
}

/** @throws NoFigureError where an objective speaks of what a trial does not have */
export const holdsOf = ({ datapath, labels, points }: Series, objectives: readonly Objective[]): Holds => {
  let upTo: string | null = null;
  for (const { value, result } of points) {
    const probe: Probe = probeOf(objectives, result);
    const decided = decision(probe, CONFIDENCE);
    if (decided !== 'holds') {
      const next = { value, decision: decided, requirement: binding(probe), saturated: probe.saturated };
      return { datapath, labels, upTo, next };
    }
    upTo = value;
  }
  return { datapath, labels, upTo, next: null };
};
