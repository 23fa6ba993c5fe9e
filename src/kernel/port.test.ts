import { expect, test } from 'vitest';
import { Port, Probe } from './port.ts';
import { SimulationError } from './simulation-error.ts';

test('a port delivers at once to whatever is connected, in order of connection', () => {
  const seen: string[] = [];
  const port = new Port<number>('nic.received');
  expect(port.connected).toBe(false);
  port.connect((n) => void seen.push(`a${n}`));
  port.send(1);
  port.connect((n) => void seen.push(`b${n}`));
  port.connect((n) => void seen.push(`c${n}`));
  port.send(2);
  expect(seen).toEqual(['a1', 'a2', 'b2', 'c2']);
  expect(port.connected).toBe(true);
});

test('a data port that leads nowhere is an error that names it', () => {
  const port = new Port<number>('host.vhost[0].transmitted');
  expect(() => port.send(1)).toThrow(SimulationError);
  expect(() => port.send(1)).toThrow(/host\.vhost\[0\]\.transmitted/);
});

test('a probe may have no listener', () => {
  const seen: number[] = [];
  const probe = new Probe<number>('ring.depth');
  probe.send(1);
  probe.connect((n) => void seen.push(n));
  probe.send(2);
  expect(seen).toEqual([2]);
});
