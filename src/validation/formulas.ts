/** Mean times of the classical queues: what a station must answer with if it is one. */

export const MODELS = ['M/M/1', 'M/M/c', 'M/D/1', 'M/G/1'] as const;
export type Model = (typeof MODELS)[number];

export interface Queue {
  readonly model: Model;
  /** Arrivals in a unit of time, Poisson. */
  readonly arrivals: number;
  /** Mean service, in that unit. */
  readonly service: number;
  /** Coefficient of variation of the service time, M/G/1. */
  readonly variation?: number | undefined;
  /** Servers, M/M/c. */
  readonly servers?: number | undefined;
}

/** The share of time in which a server works; below 1, or there is no mean. */
export const loadOf = ({ arrivals, service, servers = 1 }: Queue): number => (arrivals * service) / servers;

/** As a table names it: `M/G/1 at load 0.7, cv 1.5`. */
export const queueName = (queue: Queue): string =>
  [
    `${queue.model} at load ${Number(loadOf(queue).toPrecision(3))}`,
    ...(queue.servers === undefined ? [] : [`c = ${queue.servers}`]),
    ...(queue.variation === undefined ? [] : [`cv ${queue.variation}`]),
  ].join(', ');

/**
 * Probability that an arrival at an M/M/c queue must wait, by the recursion of Erlang's B.
 * @param erlangs offered load, arrivals × service, below `servers`.
 * Source: A. K. Erlang, 1917; Erlang B and C as in L. Kleinrock, Queueing Systems I, 1975, section 3.5 f.
 */
export const erlangC = (servers: number, erlangs: number): number => {
  let blocking = 1;
  for (let c = 1; c <= servers; c++) blocking = (erlangs * blocking) / (c + erlangs * blocking);
  return blocking / (1 - (erlangs / servers) * (1 - blocking));
};

/**
 * Mean wait at a single server whose service times have this coefficient of variation.
 * Source: Pollaczek 1930, Khinchine 1932: λ E[S²] / 2(1 - ρ); L. Kleinrock, Queueing Systems I, 1975, section 5.6.
 */
const pollaczekKhinchine = (load: number, service: number, variation: number): number =>
  (load * service * (1 + variation * variation)) / (2 * (1 - load));

/** Mean time from arrival to the beginning of service, in the unit of `service`. */
export const meanWait = (queue: Queue): number => {
  const { model, arrivals, service, variation = 1, servers = 1 } = queue;
  const load = loadOf(queue);
  switch (model) {
    case 'M/M/1':
      return pollaczekKhinchine(load, service, 1);
    case 'M/D/1':
      return pollaczekKhinchine(load, service, 0);
    case 'M/G/1':
      return pollaczekKhinchine(load, service, variation);
    case 'M/M/c':
      return (erlangC(servers, arrivals * service) * service) / (servers * (1 - load));
  }
};

/** Mean time from arrival to departure, in the unit of `service`. */
export const meanSojourn = (queue: Queue): number => queue.service + meanWait(queue);
