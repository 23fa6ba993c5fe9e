/**
 * A trial on its way through Redis: the job of the queue, the point that it is a trial of, which is sent once, and its answer. Points and
 * answers stand beside the jobs, since BullMQ would hand every answer to every listener; each ends by itself when nobody comes for it.
 */
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { PackedError } from '../pool/packed-error.ts';
import type { TrialAnswer, TrialTask } from '../trial-task.ts';

/** What the job says. Its id is the trial's key, so that the same trial is in the queue once. */
export type PostedTask =
  | { readonly kind: 'pilot'; readonly datapath: string; readonly point: string }
  | {
      readonly kind: 'trial';
      readonly datapath: string;
      readonly point: string;
      readonly replication: number;
      /** ps. */
      readonly warmUp: number;
    };

export type PostedAnswer = { readonly answer: TrialAnswer } | { readonly thrown: PackedError };

/** @param digest under which the point was sent. */
export const posted = (task: TrialTask, digest: string): PostedTask => ({ ...task, point: digest });

export const received = (task: PostedTask, point: ScenarioPoint): TrialTask =>
  ({ ...task, point }) as TrialTask;

/** Before the names of all that a queue keeps. */
export const PREFIX = 'vmio';

/** Of its own for each code: no worker ever sees a trial of another vmio. */
export const queueName = (code: string): string => code.slice(0, 16);

export const pointKey = (code: string, digest: string): string =>
  `${PREFIX}:${queueName(code)}:point:${digest}`;
export const answerKey = (code: string, key: string): string => `${PREFIX}:${queueName(code)}:answer:${key}`;
/** Stands while nobody wants a trial any more that a worker is busy with. */
export const unwantedKey = (code: string, key: string): string =>
  `${PREFIX}:${queueName(code)}:unwanted:${key}`;

/** How long points, and answers that nobody has come for, are kept: a run that was killed is begun again by then, s. */
export const KEPT_FOR = 86_400;

/** Why a worker does not do what a job asks for; the run decides whether to ask again. */
export const UNWANTED = 'nobody wants it any more';
export const NO_POINT = 'its point is not there';
