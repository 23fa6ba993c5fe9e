/** What a scenario says of guests and cards reaches the bus; what QEMU would refuse is refused with its place. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { hasFeature } from '../models/virtio/features.ts';
import { bootOf, whyUnbound } from './vm-cards.ts';
import { changed, placeOf, SHORT, workspace } from './workspace.test-support.ts';

const { load, mistakes } = workspace();
const web = (more: string): string => changed(SHORT, 'backend: 1 }', `backend: 1 }, ${more}`);
const scenarioOf = (more: string) => load(web(more)).points[0].scenario;
const boot = (more: string, kind = 'vhost-net') => bootOf(scenarioOf(more), 'web', kind)!;

describe('a guest', () => {
  test('is a current Linux with all drivers where nothing is said', () => {
    const { scenario } = load(SHORT).points[0];
    expect(scenario.vms['web'].guest).toBeUndefined();
    expect(bootOf(scenario, 'web', 'vhost-net')?.carrier).toMatchObject({ driver: 'virtio_net' });
    expect(bootOf(scenario, 'web', 'native')).toBeNull();
  });

  test('says its release in quotes, since 6.10 is not 6.1', () => {
    const { guest } = scenarioOf('guest: { kernel: "6.10" }').vms['web'];
    expect(guest).toEqual({ kernel: '6.10', drivers: [...MODULES] });
    const bare = web('guest: { kernel: 6.10 }');
    expect(mistakes(bare)).toEqual([
      `short.yaml:${placeOf(bare, '6.10')}: vms.web.guest.kernel: a release in quotes, e.g. "6.1": bare 6.10 would be the number 6.1`,
    ]);
    expect(mistakes(web('guest: { kernel: "six" }')).join()).toMatch(
      /kernel: .*a release is 6\.1 or 2\.6\.32/,
    );
  });

  test('polls in its idle loop from the kernel on that has cpuidle-haltpoll', () => {
    const { guest } = scenarioOf('guest: { kernel: "5.4", haltpoll: { guest_halt_poll_ns: 50000 } }').vms[
      'web'
    ];
    expect(guest?.haltpoll).toMatchObject({ guest_halt_poll_ns: 50_000, guest_halt_poll_grow_start: 50_000 });
    expect(mistakes(web('guest: { kernel: "5.3", haltpoll: {} }')).join()).toMatch(
      /vms\.web\.guest\.haltpoll: needs a guest kernel from 5\.4 on/,
    );
  });

  test('has modules by their Linux names', () => {
    expect(boot('guest: { drivers: [e1000] }').carrier).toBeNull();
    expect(mistakes(web('guest: { drivers: [virtio-net] }')).join()).toMatch(/did you mean "virtio_net"/);
  });

  test('that drives none of its cards has the reason of each', () => {
    const none = boot('net: { devices: [sriov] }, guest: { drivers: [e1000] }');
    expect(whyUnbound(none)).toBe('the guest has no virtio_pci; the guest has no ixgbevf');
    expect(whyUnbound(boot('guest: { kernel: "6.1" }'))).toBeNull();
  });
});

describe('cards', () => {
  test('stand on the bus in order, and the first with a driver carries the traffic', () => {
    const both = boot('net: { devices: [e1000] }');
    expect(both.cards.map(({ place, driver }) => [place, driver])).toEqual([
      ['00:03.0', 'virtio_net'],
      ['00:04.0', 'e1000'],
    ]);
    expect(both.carrier?.kind).toBe('vhost-net');
    expect(boot('net: { devices: [e1000] }, guest: { drivers: [e1000] }').carrier?.kind).toBe('e1000');
  });

  test('bare metal is none', () => {
    expect(mistakes(web('net: { devices: [native] }')).join()).toMatch(/vms\.web\.net\.devices\[0\]/);
  });

  test('have the tunables of their VM, those without a default, too', () => {
    const { carrier } = boot('net: { tunables: { vectors: 2, event_idx: false } }');
    expect(carrier?.virtio?.vectors).toBe('shared');
    expect(hasFeature(carrier!.virtio!.offered, 'VIRTIO_F_EVENT_IDX')).toBe(false);
    expect(boot('net: { tunables: { disable-legacy: true } }').cards[0].id).toBe('1af4:1041');
  });

  test('that QEMU refuses are a mistake at their place', () => {
    const own = web('net: { tunables: { disable-legacy: true, disable-modern: true } }');
    const told = 'disable-legacy and disable-modern together leave no interface';
    expect(mistakes(own)).toEqual([
      `short.yaml:${placeOf(own, '{ disable-legacy')}: vms.web.net.tunables: ${told}`,
    ]);
    expect(mistakes(changed(own, '[native, vhost-net]', '[virtio-net, vhost-net]'))).toHaveLength(1);
    const all = `${SHORT}parameters: { vhost-net: { tunables: { disable-legacy: true, disable-modern: true } } }\n`;
    expect(mistakes(all)).toEqual([
      `short.yaml:${placeOf(all, '{ disable-legacy')}: parameters.vhost-net.tunables: ${told}`,
    ]);
  });

  test('of a legacy guest charge for ports, which the machine must price', () => {
    const { folder, load: here, mistakes: told } = workspace();
    const profile = path.join(folder, 'profiles', 'server-3ghz.yaml');
    const without = readFileSync(profile, 'utf8').replace(/^ {2}exit\.pio:.*\n/m, '');
    writeFileSync(profile, without);
    expect(here(SHORT).points).toHaveLength(1);
    expect(told(web('guest: { kernel: "2.6.32" }')).join()).toMatch(
      /machine: the profile has no price for "exit\.pio", which vhost-net charges with these guests/,
    );
  });
});
