// A whole model in ns-3, for scale: a UDP client sends 1,000-byte packets over a 10 Gbit/s point-to-point link to a sink.
// usage: udp PACKETS; prints packets per CPU second and events per packet.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

using namespace ns3;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const uint32_t packets = std::atoi(argv[1]);
  const uint16_t port = 9;
  NodeContainer nodes;
  nodes.Create(2);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("10Gbps"));
  link.SetChannelAttribute("Delay", StringValue("1us"));
  NetDeviceContainer devices = link.Install(nodes);
  InternetStackHelper().Install(nodes);
  Ipv4AddressHelper addresses;
  addresses.SetBase("10.0.0.0", "255.255.255.0");
  Ipv4InterfaceContainer interfaces = addresses.Assign(devices);

  PacketSinkHelper sink("ns3::UdpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), port));
  ApplicationContainer server = sink.Install(nodes.Get(1));
  UdpClientHelper source(interfaces.GetAddress(1), port);
  source.SetAttribute("MaxPackets", UintegerValue(packets));
  source.SetAttribute("Interval", TimeValue(NanoSeconds(1000)));
  source.SetAttribute("PacketSize", UintegerValue(1000));
  source.Install(nodes.Get(0));

  const std::clock_t start = std::clock();
  Simulator::Run();
  const double cpu = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const uint64_t received = DynamicCast<PacketSink>(server.Get(0))->GetTotalRx() / 1000;
  std::printf("%.0f %.2f\n", received / cpu, static_cast<double>(Simulator::GetEventCount()) / received);
  Simulator::Destroy();
  return received == packets ? 0 : 1;
}
