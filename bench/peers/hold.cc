// The hold model on ns-3's default scheduler (MapScheduler): N events pending, each schedules one more after an exponential delay.
// usage: hold PENDING EVENTS; prints events per CPU second and now * N / events / mean, which must be near 1.
// The generator is the same sfc32 and -log as in heap.c; ns-3's own random streams would be slower.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "ns3/core-module.h"

namespace {

constexpr double kMean = 1e6;  // time steps; ns-3's default step is the nanosecond
uint32_t a = 1, b = 2, c = 3, counter = 1;
long left;

uint32_t Sfc32() {
  uint32_t sum = a + b + counter++;
  a = b ^ (b >> 9);
  b = c + (c << 3);
  c = ((c << 21) | (c >> 11)) + sum;
  return sum;
}

ns3::Time Delay() {
  return ns3::TimeStep(static_cast<uint64_t>(-std::log((Sfc32() + 0.5) / 4294967296.0) * kMean));
}

template <int K>
void Run(int argument) {
  if (--left == 0) ns3::Simulator::Stop();
  ns3::Simulator::Schedule(Delay(), &Run<(K + 1) % 4>, argument);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int n = std::atoi(argv[1]);
  const long events = std::atol(argv[2]);
  void (*const handlers[])(int) = {Run<0>, Run<1>, Run<2>, Run<3>};
  for (int i = 0; i < n; i++) ns3::Simulator::Schedule(Delay(), handlers[i % 4], i);
  left = 3L * n;
  ns3::Simulator::Run();
  const int64_t begin = ns3::Simulator::Now().GetTimeStep();
  left = events;
  const std::clock_t start = std::clock();
  ns3::Simulator::Run();
  const double cpu = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const int64_t elapsed = ns3::Simulator::Now().GetTimeStep() - begin;
  std::printf("%.0f %.4f\n", events / cpu, static_cast<double>(elapsed) * n / events / kMean);
  ns3::Simulator::Destroy();
}
