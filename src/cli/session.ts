/** What commands that run trials have in common, and what the scenarios of one `vmio run` share. */
import type { TrialPool } from '../experiment/pool/trial-pool.ts';
import type { QueueAddress } from '../experiment/queue/queue-address.ts';
import type { Interruption } from './interruption.ts';
import type { Shard } from './shard.ts';

/** Options of every command that runs trials and keeps them until it has ended. */
export interface TrialOptions {
  readonly set: string[];
  readonly seed?: number;
  readonly out: string;
  readonly jobs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface RunOptions extends TrialOptions {
  readonly sweep: string[];
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
