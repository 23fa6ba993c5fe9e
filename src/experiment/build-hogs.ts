/** Background load of the host: threads that compute without end. */
import { BACKGROUND_WORK } from '../accounting/unpriced.ts';
import type { World } from '../datapaths/world.ts';
import { type Context, type Program, RUN, WAIT } from '../models/hardware/context.ts';
import { seconds } from '../units.ts';

export const addHogs = (world: World, name: string, threads: number, cores: readonly number[]): void => {
  const work = world.books.costs.cost(BACKGROUND_WORK);
  for (let i = 0; i < threads; i++) {
    const program = function* (cpu: Context): Program {
      yield WAIT;
      for (;;) {
        cpu.spend(work, seconds(1), 1);
        yield RUN;
      }
    };
    world.hostThread(`${name}${i}`, cores, program).signal();
  }
};
