/** An address with its prefix length: `10.88.0.2/16`, `fd00::2/64`. */
export type Cidr = string;

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** One port asked for with `-p`; ranges are already expanded. */
export interface PortRequest {
  readonly protocol: Protocol;
  /** Empty for all addresses, IPv4 and IPv6; else a literal without brackets. */
  readonly hostIp: string;
  /** Undefined where peapod picks a free one. */
  readonly hostPort: number | undefined;
  /** 1–65535. */
  readonly containerPort: number;
}

/** A port request whose host port is known. */
export interface PortMapping extends PortRequest {
  readonly hostPort: number;
}

/** A mapping that a backend serves, with what the backend needs to take it back. */
export interface PublishedPort extends PortMapping {
  /** How it is served, e.g. `relay`, `slirp4netns`, `nftables`. */
  readonly via: string;
  /** The backend's own, e.g. slirp4netns' forward id. JSON-safe. */
  readonly handle?: string;
}

/** `0.0.0.0:8080->80/tcp` reads as a key: one mapping, written the same everywhere. */
export function portKey(port: PortRequest): string {
  return `${port.protocol}/${port.hostIp}/${port.hostPort ?? ''}/${port.containerPort}`;
}

/**
 * What `--network` may say, parsed. `backend` is absent where the host decides
 * (`selectBackend` in select.ts).
 */
export type NetworkRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'host' }
  | { readonly kind: 'netns'; readonly path: string }
  | { readonly kind: 'container'; readonly container: string }
  | { readonly kind: 'default'; readonly options: Readonly<Record<string, string>> }
  | {
      readonly kind: 'network';
      /** `slirp4netns`, `pasta`, `bridge`, or the name of a network. */
      readonly name: string;
      readonly options: Readonly<Record<string, string>>;
    };
