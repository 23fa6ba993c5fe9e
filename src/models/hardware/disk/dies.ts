/**
 * Flash dies (planes that work on their own count as dies): each reads one page at a time, and programs in the background. A read
 * waits for the program under way, or suspends it where the flash can and enough of it is left.
 *
 * Each die's schedule follows from when it is free, since whatever is asked of it comes in the order of the asking.
 * Source of the rules: FEMU's and NVMeVirt's next-free times per die, with suspension as in MQSim.
 */

export interface DieTimes {
  /** Until a read may begin although a program is under way, ps; null: reads wait for its end. */
  readonly suspend: number | null;
}

export class Dies {
  private readonly suspend: number | null;
  private readonly readFree: Float64Array;
  private readonly backgroundFree: Float64Array;
  /** By how much suspensions have put off each die's background work so far, ps; and those booked ahead, by their start. */
  private readonly putOff: Float64Array;
  private readonly booked: { readonly start: number; readonly span: number }[][];
  private taken = 0;
  /** When the read asked for last began, ps. */
  startedAt = 0;

  constructor(count: number, { suspend }: DieTimes) {
    this.suspend = suspend;
    this.readFree = new Float64Array(count);
    this.backgroundFree = new Float64Array(count);
    this.putOff = new Float64Array(count);
    this.booked = Array.from({ length: count }, () => []);
  }

  get count(): number {
    return this.readFree.length;
  }

  /** Work of `span` in front of all background work, asked for at `ready`. @returns when it is done, ps. */
  read(die: number, ready: number, span: number): number {
    const { suspend, readFree, backgroundFree } = this;
    let start = Math.max(ready, readFree[die]);
    const left = backgroundFree[die] - start;
    if (left > 0) {
      if (suspend !== null && left > suspend) {
        start += suspend;
        backgroundFree[die] += span;
        this.booked[die].push({ start, span });
      } else start = backgroundFree[die];
    }
    this.startedAt = start;
    this.taken += span;
    readFree[die] = start + span;
    return start + span;
  }

  /** Background work of `span`, asked for at `ready`. @returns when it is done unless reads put it off, ps. */
  program(die: number, ready: number, span: number): number {
    const { readFree, backgroundFree } = this;
    const end = Math.max(backgroundFree[die], readFree[die], ready) + span;
    backgroundFree[die] = end;
    this.taken += span;
    return end;
  }

  /** Sum of all suspensions of this die that began before `now`; what was under way is done so much later. Called by rising `now`. */
  delay(die: number, now: number): number {
    const ahead = this.booked[die];
    while (ahead.length > 0 && ahead[0].start < now)
      this.putOff[die] += (ahead.shift() as { span: number }).span;
    return this.putOff[die];
  }

  /**
   * Time for which dies were taken up to `now`, summed over them, ps. What is asked of a die and not yet done counts from
   * `now` back from its end, so gaps in front of it are missed.
   */
  busyBy(now: number): number {
    let ahead = 0;
    for (let die = 0; die < this.count; die++) {
      ahead += Math.max(0, Math.max(this.readFree[die], this.backgroundFree[die]) - now);
    }
    return this.taken - ahead;
  }
}
