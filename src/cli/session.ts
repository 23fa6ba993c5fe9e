/** What the scenarios of one `vmio run` share. */
import type { TrialPool } from '../experiment/pool/trial-pool.ts';
import type { QueueAddress } from '../experiment/queue/queue-address.ts';
import type { Interruption } from './interruption.ts';
import type { Shard } from './shard.ts';

export interface RunOptions {
  readonly set: string[];
  readonly sweep: string[];
  readonly seed?: number;
  readonly out: string;
  readonly jobs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly charts: boolean;
  readonly dryRun?: boolean;
  /** Only this part is run, and kept for `vmio merge`. */
  readonly shard?: Shard;
  /** Whose workers run the trials. */
  readonly queue?: QueueAddress;
}

export interface Session {
  readonly pool: TrialPool;
  readonly interruption: Interruption;
  /** Standard output is silent, or holds JSON only. */
  readonly quiet: boolean;
}
