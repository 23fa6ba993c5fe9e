/** Rules of the modelled mechanisms that must hold in every run, whatever is simulated; looked at when the books are closed. */
import { InvariantError } from './invariant.ts';

export class Invariants {
  private readonly rules: { readonly name: string; readonly broken: () => string | null }[] = [];

  /** @param broken says what is wrong, or null. */
  add(name: string, broken: () => string | null): void {
    this.rules.push({ name, broken });
  }

  /** @throws InvariantError naming the first rule that is broken. */
  check(): void {
    for (const { name, broken } of this.rules) {
      const what = broken();
      if (what !== null) throw new InvariantError(`${name}: ${what}`);
    }
  }
}
