/** The formulas against values that one can look up or reckon without them. */
import { describe, expect, test } from 'vitest';
import { erlangC, loadOf, meanSojourn, meanWait } from './formulas.ts';

describe('Erlang C', () => {
  // For c = 2 the closed form is 2ρ²/(1 + ρ); for one server an arrival waits with probability ρ.
  test.each([0.1, 0.5, 0.9])('has the closed forms of one and two servers at load %f', (load) => {
    expect(erlangC(1, load)).toBeCloseTo(load, 12);
    expect(erlangC(2, 2 * load)).toBeCloseTo((2 * load * load) / (1 + load), 12);
  });

  // The defining sum: (a^c/c!)(c/(c - a)) over itself and the sum of a^k/k! for k below c.
  test.each([
    [5, 3],
    [10, 8],
    [30, 25],
  ])('of %i servers and %f erlangs is the ratio of its defining sums', (servers, erlangs) => {
    let term = 1;
    let below = 0;
    for (let k = 0; k < servers; k++) {
      below += term;
      term *= erlangs / (k + 1);
    }
    const waiting = (term * servers) / (servers - erlangs);
    expect(erlangC(servers, erlangs)).toBeCloseTo(waiting / (below + waiting), 12);
  });

  test('of published tables: 10 servers and 7 erlangs 0.2217, 14 and 10 erlangs 0.1741', () => {
    expect(erlangC(10, 7)).toBeCloseTo(0.2217, 4);
    expect(erlangC(14, 10)).toBeCloseTo(0.1741, 4);
  });
});

describe('waiting', () => {
  const at = (load: number) => ({ arrivals: load, service: 1 });

  test('M/M/1 at load 0.8 takes 4 services, and 5 with its own', () => {
    expect(meanWait({ model: 'M/M/1', ...at(0.8) })).toBeCloseTo(4, 12);
    expect(meanSojourn({ model: 'M/M/1', ...at(0.8) })).toBeCloseTo(5, 12);
  });

  test('without variation it is half of that; with that of an exponential the same', () => {
    for (const load of [0.2, 0.5, 0.95]) {
      const exponential = meanWait({ model: 'M/M/1', ...at(load) });
      expect(meanWait({ model: 'M/D/1', ...at(load) })).toBeCloseTo(exponential / 2, 12);
      expect(meanWait({ model: 'M/G/1', variation: 1, ...at(load) })).toBeCloseTo(exponential, 12);
      expect(meanWait({ model: 'M/M/c', servers: 1, ...at(load) })).toBeCloseTo(exponential, 12);
    }
  });

  test('two servers at load 0.5 wait a third of a service: ρ²/(1 - ρ²)', () => {
    const queue = { model: 'M/M/c', servers: 2, arrivals: 1, service: 1 } as const;
    expect(loadOf(queue)).toBe(0.5);
    expect(meanWait(queue)).toBeCloseTo(1 / 3, 12);
  });

  test('scales with the service time', () => {
    const slow = meanWait({ model: 'M/G/1', variation: 2, arrivals: 0.07, service: 10 });
    expect(slow).toBeCloseTo(10 * meanWait({ model: 'M/G/1', variation: 2, ...at(0.7) }), 10);
  });
});
