/** Runs a program once for every way in which its choices can fall (a stateless model checker in miniature). */

export interface Explorer {
  /** One of 0 … options − 1; each is tried in some run. */
  choose(options: number): number;
  /** Whether the run may stop: another one has been in this state, and goes on from it. */
  seen(state: () => string): boolean;
}

/** @returns how many runs there were. */
export const explore = (run: (explorer: Explorer) => void): number => {
  const visited = new Set<string>();
  /** The choices of the run at hand; those up to `replayed` repeat an earlier run. */
  let path: { chosen: number; readonly options: number }[] = [];
  for (let runs = 1; ; runs++) {
    const replayed = path.length;
    let depth = 0;
    run({
      choose: (options) => {
        if (depth === path.length) path.push({ chosen: 0, options });
        return path[depth++].chosen;
      },
      seen: (state) => {
        if (depth < replayed) return false;
        const before = visited.size;
        return visited.add(state()).size === before;
      },
    });
    path = path.slice(0, depth);
    while (path.length > 0 && path[path.length - 1].chosen === path[path.length - 1].options - 1) path.pop();
    if (path.length === 0) return runs;
    path[path.length - 1].chosen++;
  }
};
