import { BridgeBackend } from '../../rootful/backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { NetworkTarget } from '../../src/network/backend.ts';

/** A peapod process among several: `churn JSON ROUNDS PORT` attaches, publishes, checks and detaches in turns. */
const [json = '', rounds, hostPort] = process.argv.slice(2);
const { paths, target } = JSON.parse(json) as {
  paths: ConstructorParameters<typeof BridgeBackend>[0]['paths'];
  target: NetworkTarget;
};
const backend = new BridgeBackend({ runner: hostRunner, paths, facts: { env: process.env } });

for (let round = 0; round < Number(rounds); round++) {
  const attachment = await backend.attach(target, {
    network: 'podman',
    options: {},
    staticAddresses: [],
    ports: [],
  });
  const port = { protocol: 'tcp', hostIp: '', hostPort: Number(hostPort), containerPort: 80 } as const;
  const published = await backend.publish(target, attachment, [port]);
  await backend.check(target, attachment, published);
  await backend.detach(target, round % 2 ? attachment : undefined);
}
