/** Administrators' directories, which a user's PATH lacks on Debian; then podman's helpers', which are on no PATH. */
const more = '/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec/podman:/usr/lib/podman:/usr/local/libexec/podman';

/** Where programs of networks are looked for: `PATH`, then what it may lack. */
export function networkSearchPath(path: string | undefined): string {
  return `${path ?? '/usr/bin:/bin'}:${more}`;
}
