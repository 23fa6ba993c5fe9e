// Which room may import which: inwards only. Checked by `npm run rooms`; src/rooms.test.ts proves that it bites.
const rooms = [
  'units',
  'kernel',
  'accounting',
  'models',
  'datapaths',
  'scenario',
  'experiment',
  'validation',
  'report',
  'cli',
];
const inRoom = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true },
    },
    ...rooms.slice(0, -1).map((room, i) => ({
      name: `${room}-imports-only-inwards`,
      severity: 'error',
      from: { path: inRoom([room]), pathNot: '\\.test\\.ts$' },
      to: { path: inRoom(rooms.slice(i + 1)) },
    })),
    {
      name: 'guest-and-host-never-meet',
      comment: 'They meet only in virtio/ (rings) and hardware/ (processor, register ports, interrupts).',
      severity: 'error',
      from: { path: '^src/models/(guest|host)/' },
      to: { path: '^src/models/(guest|host)/', pathNot: '^src/models/$1/' },
    },
    {
      name: 'hardware-and-virtio-stand-alone',
      severity: 'error',
      from: { path: '^src/models/(hardware|virtio)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/models/', pathNot: '^src/models/$1/' },
    },
    {
      name: 'the-engine-has-no-run-time-dependency',
      severity: 'error',
      from: { path: '^src/(units\\.ts|kernel/|accounting/|models/)', pathNot: '\\.test(-support)?\\.ts$' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-optional', 'npm-peer', 'npm-unknown', 'core'],
      },
    },
    {
      name: 'report-sees-results-only',
      comment: 'Charts and tables read results; they never run anything.',
      severity: 'error',
      from: { path: '^src/report/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(kernel|models|datapaths|scenario)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
