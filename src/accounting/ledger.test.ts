import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streams } from '../kernel/random.ts';
import { ps } from '../units.ts';
import { CostTable } from './cost.ts';
import { Ledger, PLANES } from './ledger.ts';

const COSTS = ['copy', 'exit', 'poll'];

const emptyLedger = (): Ledger => {
  const random = streams(1, 0);
  const prices = new Map(COSTS.map((name) => [name, { fixed: ps(10) }]));
  return new Ledger(new CostTable(prices, (name) => random.stream(name)));
};

test('an account is the same for the same core and payer, and another for any other', () => {
  const ledger = emptyLedger();
  const account = ledger.account('core0', 'vhost', false);
  expect(ledger.account('core0', 'vhost', false)).toBe(account);
  expect(ledger.account('core1', 'vhost', false)).not.toBe(account);
  expect(ledger.account('core0', 'vhost web', false)).not.toBe(account);
});

test('names that run into each other are still two accounts', () => {
  const ledger = emptyLedger();
  expect(ledger.account('core1', '0 vhost', false)).not.toBe(ledger.account('core10', ' vhost', false));
});

test('guest code is paid on the guest side, exits on its behalf on the host side', () => {
  const ledger = emptyLedger();
  const { spent, count } = ledger.account('core0', 'web vcpu0 task', true);
  PLANES.forEach((_, plane) => {
    spent[plane * COSTS.length + 1] = 100 + plane;
    count[plane * COSTS.length + 1] = 1;
  });
  ledger.account('core0', 'vhost', false).spent[0] = 7;
  expect(ledger.spending().map(({ side, plane, cost, busy }) => [side, plane, cost, busy])).toEqual([
    ['guest', 'own', 'exit', 100],
    ['host', 'vcpu-k', 'exit', 101],
    ['host', 'vcpu-u', 'exit', 102],
    ['host', 'own', 'copy', 7],
  ]);
});

test('a line that was cut and not yet finished shows its time without an occurrence', () => {
  const ledger = emptyLedger();
  ledger.account('core0', 'vhost', false).spent[2] = 3;
  expect(ledger.spending()).toMatchObject([{ cost: 'poll', busy: 3, count: 0 }]);
});

/** Spending as it comes: on which core, by whom, on which row of the account, how much. */
const entries = fc.array(
  fc.record({
    core: fc.constantFrom('core0', 'core1'),
    payer: fc.constantFrom('vhost', 'qemu', 'irq'),
    row: fc.integer({ min: 0, max: COSTS.length * PLANES.length - 1 }),
    busy: fc.integer({ min: 1, max: 2 ** 40 }),
  }),
);

const book = (ledger: Ledger, entry: { core: string; payer: string; row: number; busy: number }): void => {
  const account = ledger.account(entry.core, entry.payer, false);
  account.spent[entry.row] += entry.busy;
  account.count[entry.row]++;
};

test('spending since a snapshot is exactly what was spent after it, on old accounts and new ones', () => {
  fc.assert(
    fc.property(entries, entries, (before, after) => {
      const ledger = emptyLedger();
      for (const entry of before) book(ledger, entry);
      const snapshot = ledger.snapshot();
      for (const entry of after) book(ledger, entry);

      const later = emptyLedger();
      for (const entry of after) book(later, entry);
      const sorted = (lines: ReturnType<Ledger['spending']>) =>
        lines.map((line) => JSON.stringify(line)).sort();
      expect(sorted(ledger.spending(snapshot))).toEqual(sorted(later.spending()));
      for (const core of ['core0', 'core1']) {
        const sum = (list: typeof after) => list.reduce((t, e) => (e.core === core ? t + e.busy : t), 0);
        expect(ledger.busy(core, snapshot)).toBe(sum(after));
        expect(ledger.busy(core)).toBe(sum(before) + sum(after));
      }
    }),
  );
});

test('a snapshot keeps its figures when the ledger goes on', () => {
  const ledger = emptyLedger();
  const account = ledger.account('core0', 'vhost', false);
  account.spent[0] = 5;
  ledger.idle.set('core0', 8);
  const snapshot = ledger.snapshot();
  account.spent[0] = 50;
  ledger.idle.set('core0', 80);
  expect(snapshot.accounts[0].spent[0]).toBe(5);
  expect(snapshot.idle.get('core0')).toBe(8);
  expect(account.total).toBe(50);
});

test('a sum of picoseconds stays exact up to 2^53', () => {
  const ledger = emptyLedger();
  const account = ledger.account('core0', 'vhost', false);
  account.spent[0] = 2 ** 53 - 3;
  account.spent[1] = 1;
  account.spent[2] = 1;
  expect(ledger.busy('core0')).toBe(2 ** 53 - 1);
});
