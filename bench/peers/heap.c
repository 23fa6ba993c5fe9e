/* The hold model on a plain binary heap in C: N events pending, each event schedules one more after an exponential delay.
 * usage: heap PENDING EVENTS; prints events per CPU second and now * N / events / mean, which must be near 1.
 * Does what vmio does (ties by order of scheduling, handlers through a table) but cannot cancel. Own code, gcc -O2, libm log. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
  int64_t time;
  uint64_t serial;
  int handler;
  int argument;
} Event;

static const double MEAN = 1e6; /* ps */
static Event *heap;
static int pending;
static uint64_t scheduled;
static int64_t now;

static int before(const Event *a, const Event *b) {
  return a->time < b->time || (a->time == b->time && a->serial < b->serial);
}

static void push(int64_t time, int handler, int argument) {
  Event event = {time, scheduled++, handler, argument};
  int i = pending++;
  while (i > 0) {
    int parent = (i - 1) / 2;
    if (before(&heap[parent], &event)) break;
    heap[i] = heap[parent];
    i = parent;
  }
  heap[i] = event;
}

static Event pop(void) {
  Event first = heap[0];
  Event last = heap[--pending];
  int i = 0;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= pending) break;
    if (child + 1 < pending && before(&heap[child + 1], &heap[child])) child++;
    if (before(&last, &heap[child])) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return first;
}

static uint32_t a = 1, b = 2, c = 3, counter = 1;

static uint32_t sfc32(void) {
  uint32_t sum = a + b + counter++;
  a = b ^ (b >> 9);
  b = c + (c << 3);
  c = ((c << 21) | (c >> 11)) + sum;
  return sum;
}

static int64_t delay(void) { return (int64_t)(-log((sfc32() + 0.5) / 4294967296.0) * MEAN); }

static void run0(int argument) { push(now + delay(), 1, argument); }
static void run1(int argument) { push(now + delay(), 2, argument); }
static void run2(int argument) { push(now + delay(), 3, argument); }
static void run3(int argument) { push(now + delay(), 0, argument); }
static void (*const handlers[])(int) = {run0, run1, run2, run3};

static void hold(long events) {
  for (long i = 0; i < events; i++) {
    Event event = pop();
    now = event.time;
    handlers[event.handler](event.argument);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int n = atoi(argv[1]);
  long events = atol(argv[2]);
  heap = malloc(sizeof(Event) * (size_t)(n + 1));
  for (int i = 0; i < n; i++) push(delay(), i & 3, i);
  hold(3L * n);
  int64_t begin = now;
  clock_t start = clock();
  hold(events);
  double cpu = (double)(clock() - start) / CLOCKS_PER_SEC;
  printf("%.0f %.4f\n", events / cpu, (double)(now - begin) * n / (double)events / MEAN);
}
