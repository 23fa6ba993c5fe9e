import { test } from 'vitest';
import { machine } from '../scenario/machines.test-support.ts';
import { datapaths } from './index.ts';
import { Trial } from './trial.test-support.ts';
test('x', () => {
  const datapath = datapaths.find((d) => d.kind === 'vhost-net')!;
    const run = new Trial({ machine: machine('server-3ghz'), datapath, params: { tunables: { event_idx: false } }, loads: [{"kind":"poisson","rate":1000,"size":60},{"kind":"poisson","rate":100000,"size":60}],"seed":937430,"cores":[0,1] });
    const t = run.world.books.timeline;
    const names = () => t.stages.list;
    const log: string[] = [];
    const mark = t.mark;
    t.mark = (r, s, at) => { log.push(`${run.world.sim.now} mark ${r} ${names()[s].name} ${at}`); if (log.length>400) log.shift(); mark.call(t, r, s, at); };
    const open = t.open;
    t.open = (...p) => { const r = open.apply(t, p); log.push(`${run.world.sim.now} open ${r} intended ${p[1]}`); return r; };
    const close = t.close;
    t.close = (...p) => { log.push(`${run.world.sim.now} close ${p[0]}`); close.apply(t, p); };
    try { run.run('drained'); } catch (e) { console.log((e as Error).message, (e as Error).stack); console.log(log.slice(-30).join('\n')); }
});
