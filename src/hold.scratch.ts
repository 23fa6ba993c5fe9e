import { Simulation } from './kernel/simulation.ts';
import { streams } from './kernel/random.ts';
const sim = new Simulation({ maxEvents: 1e9 }); const r = streams(1,1).stream('x');
const h = sim.handler(() => { sim.after(Math.round(r.exponential(1e6)) as never, h); });
for (let i=0;i<16;i++) sim.after(Math.round(r.exponential(1e6)) as never,h);
const t=process.cpuUsage(); const w=performance.now(); sim.run(1e6*5e5 as never); const c=process.cpuUsage(t);
console.log('hold16 Mev/s user', (sim.events/c.user).toFixed(2), 'wall', (sim.events/(performance.now()-w)/1e3).toFixed(2));
