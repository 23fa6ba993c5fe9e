/** A disk alone, with somebody who hands it I/Os at given times. */
import { Accounting } from '../../../accounting/accounting.ts';
import { CostTable } from '../../../accounting/cost.ts';
import { streams } from '../../../kernel/random.ts';
import { Simulation } from '../../../kernel/simulation.ts';
import { us } from '../../../units.ts';
import { BlockIo, type Operation } from './block-io.ts';
import type { Disk } from './disk.ts';
import { type DiskSettings, diskOf } from './disk-classes.ts';

/** At which time (us), what, where and how much (bytes). */
export type Command = readonly [at: number, operation: Operation, offset: number, size: number];

/** Whoever is told by the disk itself needs no block layer to tell it. */
export const NOBODY = { done: (): void => {} };

export class LoneDisk {
  readonly sim = new Simulation({ maxEvents: 60e6 });
  readonly books: Accounting;
  readonly disk: Disk;
  readonly random = streams(1, 0);

  constructor(settings: DiskSettings) {
    this.books = new Accounting(new CostTable(new Map(), () => this.random.stream('price')));
    this.disk = diskOf(this.sim, this.books, settings, (variate) => this.random.stream(variate));
  }

  /** Runs `commands`. @returns when each was done, us, and in what order, by index. */
  serve(commands: readonly Command[]): { readonly done: number[]; readonly order: number[] } {
    const { sim, disk } = this;
    const done: number[] = [];
    const order: number[] = [];
    const begin = sim.handler((index) => {
      const [, operation, offset, size] = commands[index];
      const io = Object.assign(new BlockIo(NOBODY), { operation, offset, size });
      const completed = (): void => {
        done[index] = sim.now / 1e6;
        order.push(index);
      };
      disk.submit(io, { completed });
    }, 'command');
    commands.forEach(([at], index) => {
      sim.at(us(at), begin, index);
    });
    sim.run(us(1e8));
    return { done, order };
  }
}
