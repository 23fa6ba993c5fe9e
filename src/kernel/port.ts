/** Where a component's output leaves it: ports carry data and must lead somewhere, probes are for onlookers. */
import { SimulationError } from './simulation-error.ts';

type Input<T> = (value: T) => void;

/** A typed output. Values arrive at once, within the present event, at each input in the order of connection. */
export class Port<T> {
  readonly name: string;
  private readonly inputs: Input<T>[] = [];
  private deliver: Input<T>;

  /** `name` is the component's path and the output, such as `host.vhost[0].transmitted`. */
  constructor(name: string) {
    this.name = name;
    this.deliver = this.undelivered();
  }

  connect(input: Input<T>): void {
    const inputs = this.inputs;
    inputs.push(input);
    this.deliver = inputs.length === 1 ? input : (value) => inputs.forEach((each) => void each(value));
  }

  /** @throws SimulationError naming the port if nothing is connected. */
  send(value: T): void {
    const deliver = this.deliver;
    deliver(value);
  }

  get connected(): boolean {
    return this.inputs.length > 0;
  }

  protected undelivered(): Input<T> {
    return () => {
      throw new SimulationError(`port '${this.name}' sends but is not connected`);
    };
  }
}

/** An output to which nobody need listen. */
export class Probe<T> extends Port<T> {
  protected override undelivered(): Input<T> {
    return () => {};
  }
}
