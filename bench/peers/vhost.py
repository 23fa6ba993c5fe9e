"""The transmit path of vhost-net in SimPy: guest process, ring with kick suppression, vhost worker, NIC; packets are passive.

usage: vhost.py PACKETS; prints packets per CPU second and the events that SimPy fired per packet.
A fast sketch on purpose: no interrupts, no ledger, no latencies, costs in microseconds written into the model.
"""
import sys
import time
from collections import deque

import simpy

RING = 256
GUEST_PACKET = 1.5  # stack and driver, so the worker catches up and sleeps now and then
KICK = 2.0  # exit, ioeventfd, entry
WAKE_UP = 1.5
DESCRIPTOR = 1.2
WIRE = 0.6


class Path:
    def __init__(self, env, packets):
        self.env = env
        self.packets = packets
        self.ring = deque()
        self.kicks_wanted = True
        self.kicked = env.event()
        self.room = env.event()
        self.nic = deque()
        self.frame = env.event()
        self.sent = 0

    def guest(self):
        for _ in range(self.packets):
            yield self.env.timeout(GUEST_PACKET)
            while len(self.ring) == RING:
                self.room = self.env.event()
                yield self.room
            self.ring.append(64)
            if self.kicks_wanted:
                self.kicks_wanted = False
                yield self.env.timeout(KICK)
                self.kicked.succeed()

    def worker(self):
        while True:
            yield self.kicked
            self.kicked = self.env.event()
            yield self.env.timeout(WAKE_UP)
            while True:
                while self.ring:
                    size = self.ring.popleft()
                    if not self.room.triggered:
                        self.room.succeed()
                    yield self.env.timeout(DESCRIPTOR)
                    self.nic.append(size)
                    if not self.frame.triggered:
                        self.frame.succeed()
                self.kicks_wanted = True
                if not self.ring:
                    break
                self.kicks_wanted = False

    def wire(self):
        while True:
            if not self.nic:
                self.frame = self.env.event()
                yield self.frame
            while self.nic:
                self.nic.popleft()
                yield self.env.timeout(WIRE)
                self.sent += 1


def main():
    packets = int(sys.argv[1])
    env = simpy.Environment()
    path = Path(env, packets)
    env.process(path.guest())
    env.process(path.worker())
    env.process(path.wire())
    start = time.process_time()
    env.run()
    cpu = time.process_time() - start
    assert path.sent == packets, path.sent
    print(f"{packets / cpu:.0f} {next(env._eid) / packets:.2f}")


main()
