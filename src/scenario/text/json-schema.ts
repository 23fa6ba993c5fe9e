/** The schema as editors read it: JSON Schema of what a user may write, not of what the program makes of it. */
import { z } from 'zod';

/** zod bounds every integer by what a number can hold exactly; nobody typing a ring size wants to read that. */
const withoutMachineBounds = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
};

export const exportJsonSchema = (schema: z.ZodType, title: string): Record<string, unknown> => {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: withoutMachineBounds,
  });
  return { $schema, title, ...rest };
};
