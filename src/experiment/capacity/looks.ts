/** What a search has seen so far. */
import type { Capacity, Look } from './capacity.ts';
import { rising } from './isotonic.ts';
import { type Probe, replicationsOf, worst } from './probe.ts';
import type { Ladder } from './scale.ts';

export interface Seen {
  readonly position: number;
  readonly probe: Probe;
}

export class Looks {
  private readonly probes = new Map<number, Probe>();
  private readonly ladder: Ladder;
  private readonly look: Look;

  constructor(ladder: Ladder, look: Look) {
    this.ladder = ladder;
    this.look = look;
  }

  /** With at least so many replications. */
  async at(position: number, replications: number): Promise<Probe> {
    const known = this.probes.get(position);
    if (known !== undefined && replicationsOf(known) >= replications) return known;
    const found = await this.look(this.ladder.value(position), replications);
    this.probes.set(position, found);
    return found;
  }

  /** By rising position. */
  get seen(): Seen[] {
    return [...this.probes].sort(([a], [b]) => a - b).map(([position, probe]) => ({ position, probe }));
  }

  /** The two neighbours between which the objectives stop being held; the outermost two where all or none hold. */
  get bracket(): readonly [holds: Seen, fails: Seen] {
    const { seen } = this;
    const margins = margined(seen);
    const holding = margins.filter((margin) => margin <= 1).length;
    const at = Math.min(Math.max(holding - 1, 0), seen.length - 2);
    return [seen[at], seen[at + 1]];
  }

  get list(): Capacity['looks'] {
    return this.seen
      .map(({ position, probe }) => ({
        value: this.ladder.value(position),
        replications: replicationsOf(probe),
      }))
      .sort((a, b) => a.value - b.value);
  }
}

/** The worst margins, made to rise: what falls is noise. @param without leaves out this replication, where there is one more */
export const margined = (seen: readonly Seen[], without = -1): number[] =>
  rising(
    seen.map(({ probe }) => worst(probe, without)),
    seen.map(({ probe }) => replicationsOf(probe)),
  );
