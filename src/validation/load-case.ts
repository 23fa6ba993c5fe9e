/** A case as `vmio validate` runs it: a scenario that has a reference, with the counts that the reference names. */
import type { LoadedScenario } from '../scenario/load.ts';
import type { Reference } from '../scenario/reference-schema.ts';
import type { Mistake } from '../scenario/text/mistake.ts';
import { type CountedFigure, countedFigures } from './counts.ts';

export interface Case {
  readonly loaded: LoadedScenario;
  readonly reference: Reference;
  readonly counts: readonly CountedFigure[];
}

/** @returns the case, or what is wrong with its reference. */
export const caseOf = (loaded: LoadedScenario): Case | { readonly mistakes: readonly Mistake[] } => {
  const { reference } = loaded.base;
  if (reference === undefined) {
    const message = 'has no `reference:`, so there is nothing to hold it against';
    return { mistakes: [{ file: loaded.file, line: 0, column: 0, path: [], message }] };
  }
  if (reference.kind !== 'counted') return { loaded, reference, counts: [] };
  const expanded = countedFigures(loaded, reference);
  return 'mistakes' in expanded ? expanded : { loaded, reference, counts: expanded.figures };
};
