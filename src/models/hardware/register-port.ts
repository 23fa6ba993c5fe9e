/** Device registers as a driver sees them: an access may take the processor away for a while. */
import type { Context, Step } from './context.ts';

/** A step-wise access; its result is what a read returns. */
export type Access<T = void> = Generator<Step, T, void>;

export interface RegisterPort {
  read(cpu: Context, register: string): Access<number>;
  write(cpu: Context, register: string, value: number): Access;
}
