import { constants as access, accessSync } from 'node:fs';
import { PeapodError } from '../errors.ts';

/** Debian's package of each program that peapod calls. */
const packageOf: Readonly<Record<string, string>> = {
  'aardvark-dns': 'aardvark-dns',
  buildah: 'buildah',
  conmon: 'conmon',
  crun: 'crun',
  ip: 'iproute2',
  journalctl: 'systemd',
  newgidmap: 'uidmap',
  newuidmap: 'uidmap',
  nft: 'nftables',
  nsenter: 'util-linux',
  pasta: 'passt',
  skopeo: 'skopeo',
  slirp4netns: 'slirp4netns',
  catatonit: 'catatonit',
  tar: 'tar',
  unshare: 'util-linux',
};

/** Fedora's names where they differ. */
const fedoraNames: Readonly<Record<string, string>> = {
  iproute2: 'iproute',
  uidmap: 'shadow-utils',
  'golang-github-containers-common': 'containers-common',
};

/** What root types to have a package, which is given by Debian's name: by the package manager that is here. */
export function installCommand(debianName: string, isHere = isInstalled): string {
  if (!isHere('dnf') || isHere('apt-get')) return `apt-get install ${debianName}`;
  return `dnf install ${fedoraNames[debianName] ?? debianName}`;
}

export function toolMissing(tool: string, cause?: unknown): PeapodError {
  const name = packageOf[tool];
  return new PeapodError('TOOL_MISSING', `${tool} is not installed`, {
    hint: name ? `install it with: ${installCommand(name)}` : `put ${tool} on the PATH`,
    cause,
  });
}

/** The absolute path of a program, for those who cannot search the PATH themselves. Throws TOOL_MISSING. */
export function which(tool: string, searchPath: string | undefined): string {
  for (const dir of (searchPath ?? '/usr/bin:/bin:/usr/sbin:/sbin').split(':')) {
    const path = `${dir}/${tool}`;
    try {
      accessSync(path, access.X_OK);
      return path;
    } catch {
      // not in this one
    }
  }
  throw toolMissing(tool);
}

function isInstalled(tool: string): boolean {
  try {
    which(tool, undefined);
    return true;
  } catch {
    return false;
  }
}
