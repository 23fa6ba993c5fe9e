/** Customers in order of arrival: a ring of parallel arrays that doubles when full. */
import { SimulationError } from './simulation-error.ts';

/** Beyond this a line is not a queue but an overload that nobody noticed. */
const MOST_WAITING = 2 ** 20;

export class WaitingLine {
  private head = 0;
  private count = 0;
  private arrived = new Float64Array(16);
  private service = new Float64Array(16);
  private argument = new Float64Array(16);
  private done = new Int32Array(16);

  get length(): number {
    return this.count;
  }

  /** @throws SimulationError when 2^20 wait already. */
  push(arrived: number, service: number, done: number, argument: number): void {
    if (this.count === this.arrived.length) this.grow();
    const i = (this.head + this.count++) & (this.arrived.length - 1);
    this.arrived[i] = arrived;
    this.service[i] = service;
    this.done[i] = done;
    this.argument[i] = argument;
  }

  /** Removes the first customer and hands it over to `serve`. Must not be empty. */
  shift(serve: (arrived: number, service: number, done: number, argument: number) => void): void {
    const i = this.head;
    this.head = (i + 1) & (this.arrived.length - 1);
    this.count--;
    serve(this.arrived[i]!, this.service[i]!, this.done[i]!, this.argument[i]!);
  }

  /** Calls `each` with every arrival time, first come first. */
  forEach(each: (arrived: number) => void): void {
    for (let k = 0; k < this.count; k++) each(this.arrived[(this.head + k) & (this.arrived.length - 1)]!);
  }

  private grow(): void {
    const size = this.arrived.length;
    if (size === MOST_WAITING) {
      throw new SimulationError(
        `more than ${MOST_WAITING} customers wait in one line: the offered load is above capacity`,
      );
    }
    const order = Int32Array.from({ length: size }, (_, k) => (this.head + k) & (size - 1));
    const copy = <A extends Float64Array | Int32Array>(old: A, wide: A): A => {
      order.forEach((from, to) => {
        wide[to] = old[from]!;
      });
      return wide;
    };
    this.arrived = copy(this.arrived, new Float64Array(2 * size));
    this.service = copy(this.service, new Float64Array(2 * size));
    this.argument = copy(this.argument, new Float64Array(2 * size));
    this.done = copy(this.done, new Int32Array(2 * size));
    this.head = 0;
  }
}
