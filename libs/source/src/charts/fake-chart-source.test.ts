import type { ChartRepository } from '#ports';
import { describeChartSourceContract } from '#ports/contract-suites/chart-source-contract-suite';
import { createFakeChartSource } from './fake-chart-source.js';

describeChartSourceContract('the fake', async () => {
  const source = createFakeChartSource();
  const repository = (chart: string): ChartRepository => ({
    type: 'oci',
    url: `oci://registry.example.com/charts/${chart}`,
  });
  return {
    source,
    repository,
    publish: async ({ name, ...chart }) => {
      source.publish(repository(name), chart);
    },
    unpublish: async (name, version) => source.unpublish(repository(name), version),
    setReachable: async (reachable) => source.setReachable(reachable),
    close: async () => undefined,
  };
});
