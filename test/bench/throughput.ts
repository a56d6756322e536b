import { eventually } from '../support/command.ts';
import type { TestHost } from '../support/test-host.ts';
import { image } from './cases.ts';

export interface Throughput {
  /** From the host through the published port into the pod. */
  readonly inGbits: number;
  readonly outGbits: number;
}

interface IperfReport {
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

/** iperf3 against a pod's published TCP port, a few seconds each way; the server runs in the pod's netns. */
export async function measureThroughput(host: TestHost, tool: string, seconds: number): Promise<Throughput> {
  await host.sh(
    `${tool} pod create --name flow -p 15201:5201
     ${tool} run -d --pod flow --name flow-server ${image} sleep 10000`,
  );
  try {
    const pid = await host.sh(`${tool} inspect --format '{{.State.Pid}}' flow-server`);
    await host.rootSh(`nsenter -t ${pid} --net iperf3 --server --daemon --pidfile /run/iperf3.pid`);
    const measure = async (...flags: string[]) => {
      const command = `iperf3 --client 127.0.0.1 --port 15201 --json --time ${seconds} ${flags.join(' ')}`;
      const report = await eventually(() => host.sh(command, { timeoutMs: (seconds + 10) * 1000 }));
      return (JSON.parse(report) as IperfReport).end.sum_received.bits_per_second / 1e9;
    };
    return { inGbits: await measure(), outGbits: await measure('--reverse') };
  } finally {
    await host.rootSh('kill $(tr -d "\\0" < /run/iperf3.pid) || true');
    await host.sh(`${tool} pod rm --force --time 0 flow`);
  }
}
