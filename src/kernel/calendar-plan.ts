/** How long a day of the event list's calendar should be, and how many days make a year. */

/** Events per day: so few that a day mostly has one, which needs no sorting. */
export const EVENTS_PER_DAY = 0.7;
/** A year in mean lives of an event: so long that few events are looked at in a year that is not theirs. */
const LIVES_PER_YEAR = 4;
/** 2^22 buckets of 4 bytes: the list's limit of 2^20 events never needs more. */
const MOST_DAYS = 2 ** 22;
const SAMPLE = 64;

export interface CalendarPlan {
  /** Days per picosecond, at most 1. */
  readonly rate: number;
  /** Buckets in the ring: a power of two, at least 32. */
  readonly days: number;
}

/** For `pending` events of which one fires every `gap` picoseconds. */
export const planCalendar = (pending: number, gap: number): CalendarPlan => {
  const wanted = Math.min((LIVES_PER_YEAR / EVENTS_PER_DAY) * pending, MOST_DAYS);
  let days = 32;
  while (days * 1.5 < wanted) days *= 2;
  return { rate: 1 / Math.max(1, EVENTS_PER_DAY * gap), days };
};

/** Guesses the gap between the next events from what is pending, when nothing has been measured: the earliest eighth of a sample. */
export const guessGap = (now: number, pending: number, time: (index: number) => number): number => {
  const sample = Float64Array.from({ length: SAMPLE }, (_, i) =>
    time(Math.floor((i * pending) / SAMPLE)),
  ).sort();
  let rank = SAMPLE / 8;
  while (rank < SAMPLE - 1 && sample[rank] === now) rank++; // many events at this very instant say nothing
  return ((sample[rank]! - now) * SAMPLE) / (rank * pending);
};
