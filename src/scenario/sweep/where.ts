/** The conditions of a scenario on its points: compiled once, asked of each point. */
import type { Profile } from '../profile.ts';
import type { Scenario } from '../schema.ts';
import type { Mistake } from '../text/mistake.ts';
import type { Places } from '../text/places.ts';
import { condition, type Lookup } from './condition.ts';
import { valueAt } from './value-at.ts';

const HOST = /^host\./;

/** What the scenario says, and of the host, what its machine profile says. */
const lookupIn =
  (scenario: Scenario, profile: Profile): Lookup =>
  (path) =>
    valueAt(scenario, path) ?? (HOST.test(path) ? valueAt(profile, path.replace(HOST, '')) : undefined);

export class Where {
  /** What is wrong with the conditions; each is named once. */
  readonly mistakes: Mistake[] = [];
  private readonly conditions: { readonly holds: (lookup: Lookup) => boolean; readonly index: number }[] = [];
  private readonly places: Places;

  constructor(texts: readonly string[], places: Places) {
    this.places = places;
    texts.forEach((text, index) => {
      try {
        this.conditions.push({ holds: condition(text), index });
      } catch (error) {
        this.report(index, error);
      }
    });
  }

  /** Whether this point is to be run. */
  admits(scenario: Scenario, profile: Profile): boolean {
    const lookup = lookupIn(scenario, profile);
    return this.conditions.every(({ holds, index }) => {
      try {
        return holds(lookup);
      } catch (error) {
        this.report(index, error);
        return false;
      }
    });
  }

  private report(index: number, error: unknown): void {
    if (!(error instanceof RangeError)) throw error;
    const path = ['where', index];
    if (this.mistakes.some((known) => known.path[1] === index)) return;
    const place = this.places.value(path) ?? { file: '', line: 1, column: 1 };
    this.mistakes.push({ ...place, path, message: error.message });
  }
}
