"""The hold model in SimPy: N processes, each sleeps for an exponential delay, for ever.

usage: hold.py PENDING EVENTS; prints events per CPU second and now * N / events / mean, which must be near 1.
"""
import random
import sys
import time

import simpy

fired = 0


def sleeper(env, exponential):
    global fired
    while True:
        yield env.timeout(exponential(1.0))
        fired += 1


def main():
    pending, events = int(sys.argv[1]), int(sys.argv[2])
    random.seed(1)
    env = simpy.Environment()
    for _ in range(pending):
        env.process(sleeper(env, random.expovariate))
    env.run(until=3)
    before, begin = fired, env.now
    start = time.process_time()
    env.run(until=begin + events / pending)
    cpu = time.process_time() - start
    count = fired - before
    print(f"{count / cpu:.0f} {(env.now - begin) * pending / count:.4f}")


main()
