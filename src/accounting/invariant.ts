/** A promise of the engine that a trial broke: our bug, never the user's (exit status 3). */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
