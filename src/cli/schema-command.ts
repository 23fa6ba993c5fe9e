/** `vmio schema`: the JSON Schema that editors complete and check scenarios with. */
import { profileSchema } from '../scenario/profile.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { exportJsonSchema } from '../scenario/text/json-schema.ts';
import { FINE } from './exit-status.ts';

export const schemaCommand = (of: 'scenario' | 'profile'): number => {
  const schema =
    of === 'scenario'
      ? exportJsonSchema(scenarioSchema, 'vmio scenario')
      : exportJsonSchema(profileSchema, 'vmio machine profile');
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
  return FINE;
};
