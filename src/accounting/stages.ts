/** The names of the slices of a request's life, each either working or waiting (and then for what). */

export type StageKind = 'working' | 'waiting';
export interface Stage {
  readonly id: number;
  readonly name: string;
  readonly kind: StageKind;
}

/** Most stages a trial may name: bounds the memory kept per request. */
export const STAGES_MAX = 192;

/** All stages of one trial, by name. */
export class Stages {
  private readonly byName = new Map<string, Stage>();
  readonly list: Stage[] = [];

  working(name: string): Stage {
    return this.stage(name, 'working');
  }

  /** @param name says what is waited for, e.g. `wait: vhost worker`. */
  waiting(name: string): Stage {
    return this.stage(name, 'waiting');
  }

  private stage(name: string, kind: StageKind): Stage {
    const known = this.byName.get(name);
    if (known !== undefined) {
      if (known.kind !== kind) throw new RangeError(`stage "${name}" is both working and waiting`);
      return known;
    }
    if (this.list.length === STAGES_MAX) throw new RangeError(`more than ${STAGES_MAX} stages of a request`);
    const stage = { id: this.list.length, name, kind };
    this.byName.set(name, stage);
    this.list.push(stage);
    return stage;
  }
}
