/** The exported schema is draft 7, describes what is written, and hides the bounds of the machine's integers. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { exportJsonSchema } from './json-schema.ts';
import { time } from './quantity-schemas.ts';
import { sample } from './sample-scenario.ts';

test('what a user may write, with defaults as text', () => {
  const schema = z.strictObject({
    depth: z.int().describe('Requests in flight.'),
    for: time().prefault('1 ms'),
  });
  expect(exportJsonSchema(schema, 'a sample')).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'a sample',
    type: 'object',
    properties: {
      depth: { type: 'integer', description: 'Requests in flight.' },
      for: { type: 'string', pattern: expect.stringContaining('us|'), default: '1 ms' },
    },
    required: ['depth'],
    additionalProperties: false,
  });
});

test('a whole scenario: no bound that only says what a number can hold, keys of workloads by kind', () => {
  const text = JSON.stringify(exportJsonSchema(sample, 'scenario'));
  expect(text).not.toContain('9007199254740991');
  expect(text).toContain('"const":"open-loop"');
  expect(text).toContain('"maximum":64');
});
