// What is measured, against whom, and what is aimed at. A new bench is one more entry in this list.
//
// A contender's `command` gets the tools and a size, and returns a command line that prints two numbers: a rate per CPU second, measured
// around the part that matters, and something to check it by (`checked`, if given, says what is right). It returns undefined where the tools are absent.
// Where `wall` is set, it is a rate per second of wall time, on all cores: others that use them are in it.

const vmio = 'vmio';
/** The mean delay that the events reveal, as a share of what it should be. */
const nearOne = (check) => Math.abs(check - 1) < 0.05;

export const benches = [
  {
    name: 'hold',
    title: 'Event list: N events pending, each schedules one more (million events per CPU second)',
    unit: 1e6,
    sizes: [16, 256, 4096, 65536],
    checked: nearOne,
    contenders: {
      [vmio]: ({ script }, n) => [...script('hold.js'), n, 8e6],
      'C -O2 binary heap': ({ heap }, n) => heap && [heap, n, 8e6],
      'ns-3 MapScheduler': ({ ns3Hold }, n) => ns3Hold && [ns3Hold, n, 2e6],
      'SimPy processes': ({ python, peer }, n) => python && [python, peer('hold.py'), n, 4e5],
    },
    goals: [
      { peer: 'ns-3 MapScheduler', mean: 3, each: 1.5 },
      { peer: 'C -O2 binary heap', mean: 1 },
      { peer: 'SimPy processes', mean: 15 },
    ],
  },
  {
    name: 'threads',
    title: 'Generator threads that sleep (million events per CPU second)',
    unit: 1e6,
    sizes: [64],
    checked: nearOne,
    contenders: {
      [vmio]: ({ script }, n) => [...script('threads.js'), n, 8e6],
      'SimPy processes': ({ python, peer }, n) => python && [python, peer('hold.py'), n, 1e6],
    },
    goals: [{ peer: 'SimPy processes', mean: 8 }],
  },
  {
    name: 'datapaths',
    title: 'Whole models, the vhost worker saturated (thousand packets per CPU second)',
    unit: 1e3,
    sizes: ['packets'],
    contenders: {
      [vmio]: ({ script }) => [...script('datapaths.js'), 1e6],
      'ns-3 UDP over 10 Gbit/s': ({ ns3Udp }) => ns3Udp && [ns3Udp, 2e5],
      'SimPy vhost-net': ({ python, peer }) => python && [python, peer('vhost.py'), 2e5],
    },
    goals: [
      { peer: 'ns-3 UDP over 10 Gbit/s', mean: 9 },
      { peer: 'SimPy vhost-net', mean: 9 },
    ],
  },
  ...['saturated', 'sparse'].map((load) => ({
    name: load,
    title: `Each datapath, ${load === 'sparse' ? '50 kpps Poisson' : 'a backlogged sender without work of its own'} (thousand packets per CPU second)`,
    unit: 1e3,
    sizes: ['native', 'e1000', 'virtio-net', 'vhost-net', 'sriov'],
    contenders: {
      [vmio]: ({ script }, datapath) => [...script('datapaths.js'), 2e5, datapath, load],
    },
    goals: [],
  })),
  {
    name: 'jobs',
    title:
      'Longer trials in two threads and in one, which takes two idle cores (trials per second of wall time)',
    wall: true,
    unit: 1,
    sizes: ['trials'],
    contenders: {
      'vmio --jobs 2': ({ script }) => [...script('trials.js'), 150, '50ms', 2],
      'vmio --jobs 1': ({ script }) => [...script('trials.js'), 150, '50ms', 1],
    },
    goals: [{ peer: 'vmio --jobs 1', mean: 1.9 }],
  },
  {
    name: 'queue',
    title:
      'The shortest trials in a thread of a worker behind a queue, and in one of the run itself (trials per second of wall time)',
    wall: true,
    unit: 1,
    sizes: ['trials'],
    contenders: {
      'vmio --queue': ({ script, redis }) => redis && [...script('trials.js'), 1000, '10us', 1, redis],
      'vmio --jobs 1': ({ script }) => [...script('trials.js'), 1000, '10us', 1],
    },
    // ms a trial.
    goals: [{ peer: 'vmio --jobs 1', longer: 2 }],
  },
];
