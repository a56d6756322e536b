/** The conflist of "Understand networking in Podman", byte for byte what podman 1 shipped. */
export const explainedConfList = `{
    "cniVersion": "0.3.0",
    "name": "podman",
    "plugins": [
      {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": true,
        "ipMasq": true,
        "ipam": {
            "type": "host-local",
            "subnet": "10.88.0.0/16",
            "routes": [
                { "dst": "0.0.0.0/0" }
            ]
        }
      },
      {
        "type": "portmap",
        "capabilities": {
          "portMappings": true
        }
      }
    ]
}
`;

type Fields = Record<string, unknown>;

/** A small valid conflist on 10.9.0.0/24, with fields of the list, the bridge and its ipam replaced. */
export function bridgeConfList(
  list: Fields = {},
  bridge: Fields = {},
  ipam: Fields = {},
  chained: readonly Fields[] = [],
): Fields {
  const section = ipam.type === 'host-local' ? ipam : { type: 'host-local', subnet: '10.9.0.0/24', ...ipam };
  return {
    cniVersion: '0.4.0',
    name: 'x',
    plugins: [
      { type: 'bridge', bridge: 'testbr0', isGateway: true, ipMasq: true, ipam: section, ...bridge },
      ...chained,
    ],
    ...list,
  };
}
