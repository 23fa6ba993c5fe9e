/** Applies one `--set path=value` from the command line. */
import { isCollection, isScalar } from 'yaml';
import type { z } from 'zod';
import { type Mistake, type Place, quoted } from './mistake.ts';
import { splitAssignment } from './path-steps.ts';
import { parseYaml } from './read-yaml.ts';
import { type Assigned, setPath } from './set-path.ts';

const mistakeAt = (place: Place, message: string): Mistake => ({ ...place, path: [], message });

/** The value is YAML as it may stand after a key: `5`, `200 k/s`, `[a, b]`, `{ kind: sriov }`. */
export const optionValue = (
  text: string,
  place: Place,
): { readonly value: unknown; readonly mistakes: readonly Mistake[] } => {
  const no = (message: string) => ({ value: undefined, mistakes: [mistakeAt(place, message)] });
  const { document, value, mistakes } = parseYaml(place.file, text);
  if (mistakes.length > 0)
    return { value: undefined, mistakes: mistakes.map((flaw) => ({ ...flaw, ...place })) };
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === '')) {
    return no('no value after the =');
  }
  if (isCollection(contents) && contents.flow !== true) {
    return no(`put the value in quotes if it is text, or in [ ] or { }`);
  }
  return { value, mistakes: [] };
};

export const setOption = (
  root: unknown,
  assignment: string,
  option = '--set',
  schema?: z.core.$ZodType,
): Assigned => {
  const place: Place = {
    file: `${option} ${quoted(assignment).slice(1, -1).replaceAll('\\"', '"')}`,
    line: 0,
    column: 0,
  };
  const split = splitAssignment(assignment);
  if (split === undefined) {
    return { value: root, mistakes: [mistakeAt(place, 'expected path=value')] };
  }
  const { value, mistakes } = optionValue(split.value, place);
  return mistakes.length > 0 ? { value: root, mistakes } : setPath(root, split.path, value, place, schema);
};
