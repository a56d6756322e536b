import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { hostArchitecture } from './manifest.ts';

/** How a registry is spoken to; what is left out stands in registries.conf and auth.json. */
export interface RegistryAccess {
  readonly tlsVerify?: boolean | undefined;
  /** `USER:PASSWORD`. */
  readonly creds?: string | undefined;
  readonly authFile?: string | undefined;
  readonly certDir?: string | undefined;
}

/** As skopeo has them: `side` is `src-` or `dest-` for `copy`, empty for the rest. */
export function accessFlags(access: RegistryAccess, side: 'src-' | 'dest-' | ''): string[] {
  const { tlsVerify, creds, authFile, certDir } = access;
  return [
    ...(tlsVerify === undefined ? [] : [`--${side}tls-verify=${tlsVerify}`]),
    ...(creds === undefined ? [] : [`--${side}creds=${creds}`]),
    // The programs of a transfer run in its own directory.
    ...(authFile === undefined ? [] : [`--${side}authfile=${resolve(authFile)}`]),
    ...(certDir === undefined ? [] : [`--${side}cert-dir=${resolve(certDir)}`]),
  ];
}

/** Of an image, in the words of Go. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

export interface PlatformRequest {
  readonly arch?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
  /** `OS/ARCH[/VARIANT]`. */
  readonly platform?: string | undefined;
}

/** Undefined where nothing but this host's was asked for. Throws INVALID_ARGUMENT. */
export function parsePlatform(request: PlatformRequest): Platform | undefined {
  const { arch, os, variant, platform } = request;
  if (platform === undefined) {
    if (arch === undefined && os === undefined && variant === undefined) return undefined;
    return { os: os ?? 'linux', architecture: spelled(arch ?? hostArchitecture()), variant };
  }
  if (arch !== undefined || os !== undefined) {
    throw new PeapodError('INVALID_ARGUMENT', '--platform option can not be specified with --arch or --os');
  }
  const [system, architecture, ...rest] = platform.split('/');
  if (!system || rest.length > 1 || architecture === '') {
    throw new PeapodError('INVALID_ARGUMENT', `invalid platform "${platform}"`, {
      hint: 'a platform is written OS/ARCH[/VARIANT], for example linux/arm64',
    });
  }
  return {
    os: system,
    architecture: spelled(architecture ?? hostArchitecture()),
    variant: rest[0] ?? variant,
  };
}

/** Names of machines by which people call Go's. */
function spelled(architecture: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', i386: '386' };
  return names[architecture] ?? architecture;
}

export function platformFlags(platform: Platform | undefined): string[] {
  if (!platform) return [];
  return [
    `--override-os=${platform.os}`,
    `--override-arch=${platform.architecture}`,
    ...(platform.variant ? [`--override-variant=${platform.variant}`] : []),
  ];
}
