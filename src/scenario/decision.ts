/**
 * What `vmio sensitivity` holds against every plausible machine: an objective (`p99 < 100us`), an order of datapaths (`p99: sriov < vhost-net`),
 * or which datapath is best (`lowest p99`).
 */
import type { LoadedScenario } from './load.ts';
import { type Objective, readObjective, readSubject, type Subject } from './objective.ts';
import { didYouMean } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';

export type Decision =
  | { readonly kind: 'objective'; readonly text: string; readonly subject: Objective }
  | {
      readonly kind: 'order';
      readonly text: string;
      readonly subject: Subject;
      /** Two or more, the one with the least figure first. */
      readonly datapaths: readonly string[];
    }
  | {
      readonly kind: 'best';
      readonly text: string;
      readonly subject: Subject;
      readonly wanted: 'lowest' | 'highest';
    };

type Read = Decision | { readonly mistake: string };

const BEST = /^(lowest|highest) +(\S.*)$/i;
const ORDER = /^([^:<>]+):(.+)$/;
const KINDS = 'an objective ("p99 < 100us"), an order ("p99: sriov < vhost-net") or the best ("lowest p99")';

const readOrder = (text: string, about: string, listed: string): Read => {
  const subject = readSubject(about);
  if ('mistake' in subject) return subject;
  const rising = listed.includes('<');
  const datapaths = listed.split(rising ? '<' : '>').map((name) => name.trim());
  if (datapaths.length < 2 || datapaths.some((name) => !/^[a-z][a-z0-9-]*$/.test(name))) {
    return { mistake: `"${text}" is no order of datapaths (expected e.g. p99: sriov < vhost-net)` };
  }
  const twice = datapaths.find((name, i) => datapaths.indexOf(name) < i);
  if (twice !== undefined) return { mistake: `"${text}": ${twice} stands there twice` };
  const order = `${subject.text}: ${datapaths.join(rising ? ' < ' : ' > ')}`;
  return {
    kind: 'order',
    text: order,
    subject,
    datapaths: rising ? datapaths : datapaths.toReversed(),
  };
};

/** @returns the decision, or what is wrong with it. */
export const readDecision = (text: string): Read => {
  const [, wanted, best] = BEST.exec(text.trim()) ?? [];
  if (best !== undefined) {
    const subject = readSubject(best);
    if ('mistake' in subject) return subject;
    const way = wanted.toLowerCase() as 'lowest' | 'highest';
    return { kind: 'best', text: `${way} ${subject.text}`, subject, wanted: way };
  }
  const [, about, listed] = ORDER.exec(text.trim()) ?? [];
  if (listed !== undefined) return readOrder(text, about, listed);
  if (!/[<>]/.test(text)) return { mistake: `"${text}" decides nothing: say ${KINDS}` };
  const subject = readObjective(text);
  return 'mistake' in subject ? subject : { kind: 'objective', text: subject.text, subject };
};

/** Names that the points know. */
const namesIn = ({ points }: LoadedScenario) => ({
  workloads: points.flatMap(({ scenario, copies }) => [
    ...Object.keys(scenario.workloads),
    ...Object.keys(scenario.vms),
    ...Object.keys(copies.workloads),
    ...Object.keys(copies.vms),
  ]),
  datapaths: points.flatMap(({ scenario }) => scenario.datapaths),
});

const unknownName = (what: string, name: string, names: readonly string[]): string =>
  `the scenario has no ${what} "${name}"${didYouMean(nearest(name, [...new Set(names)]))}`;

const check = (decision: Decision, loaded: LoadedScenario): string | null => {
  const names = namesIn(loaded);
  const { workload } = decision.subject;
  if (workload !== null && !names.workloads.includes(workload))
    return unknownName('workload', workload, names.workloads);
  if (decision.kind === 'best' && loaded.points.some(({ scenario }) => scenario.datapaths.length < 2))
    return 'the scenario has one datapath only, and which is best takes two: say an objective, e.g. "p99 < 100us"';
  if (decision.kind !== 'order') return null;
  const missing = decision.datapaths.find((name) => !names.datapaths.includes(name));
  return missing === undefined ? null : unknownName('datapath', missing, names.datapaths);
};

/**
 * Where nothing is said: the objectives of the `capacity:` section, else the datapath with the lowest p99.
 * @throws RangeError with what is wrong, and what to do
 */
export const decisionsOf = (loaded: LoadedScenario, texts: readonly string[]): Decision[] => {
  const asked = texts.length > 0 ? texts : (loaded.base.capacity?.slo ?? ['lowest p99']);
  return asked.map((text) => {
    const read = readDecision(text);
    if ('mistake' in read) throw new RangeError(`decision ${read.mistake}`);
    const wrong = check(read, loaded);
    if (wrong !== null) throw new RangeError(`decision "${read.text}": ${wrong}`);
    return read;
  });
};
