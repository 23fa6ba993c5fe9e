import { describe, expect, test } from 'vitest';
import { splitMetric } from './metrics.ts';

describe('a metric', () => {
  test.each([
    ['latency.p99', 'latency', 'p99'],
    ['latency.p99.9', 'latency', 'p99.9'],
    ['latency', 'latency', 'mean'],
    ['jitter.p99-p50', 'jitter.p99-p50', 'value'],
    ['throughput.requests', 'throughput.requests', 'rate'],
    ['exits.device', 'exits.device', 'mean'],
    ['cycles.vcpu', 'cycles.vcpu', 'mean'],
    ['batch.max', 'batch', 'max'],
  ])('%s is %s, statistic %s', (text, metric, statistic) => {
    const split = splitMetric(text);
    expect([split?.metric.name, split?.statistic]).toEqual([metric, statistic]);
  });

  test('that there is not is none', () => {
    expect(splitMetric('unheard.of')).toBeNull();
    expect(splitMetric('latencyp50')).toBeNull();
  });
});
