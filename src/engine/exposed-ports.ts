import { formatContainerPort } from '../network/port-format.ts';
import { parseExposedPorts } from '../network/port-spec.ts';
import type { PortRequest } from '../network/types.ts';

/** `80/tcp` for each port that the image and `--expose` tell of. Throws INVALID_ARGUMENT. */
export function exposedPorts(
  image: { readonly ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined },
  more: readonly string[] = [],
): string[] {
  const named = more.flatMap(parseExposedPorts).map(formatContainerPort);
  return [...new Set([...Object.keys(image.ExposedPorts ?? {}), ...named])];
}

/** To be published on free ports of the host. */
export function openPorts(exposed: readonly string[]): PortRequest[] {
  return exposed.flatMap(parseExposedPorts).map((port) => ({ ...port, hostIp: '', hostPort: undefined }));
}
