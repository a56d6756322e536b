/** Which ids a user namespace has, and whose they are outside: user_namespaces(7). Pure. */

/** linux.uidMappings of the OCI runtime specification; "host" is whoever made the namespace. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface IdMappings {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** The lines of /proc/PID/uid_map or gid_map. */
export function parseIdMap(idMap: string): readonly IdMapping[] {
  return idMap
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/).map(Number);
      return { containerID, hostID, size };
    });
}

/** An id of the container as those outside know it; undefined for one that it has not. */
export function outsideId(mappings: readonly IdMapping[], id: number): number | undefined {
  const found = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return found && found.hostID + id - found.containerID;
}

/** An id from outside as the container knows it; undefined for one that it has not. */
export function insideId(mappings: readonly IdMapping[], id: number): number | undefined {
  const found = mappings.find(({ hostID, size }) => id >= hostID && id < hostID + size);
  return found && found.containerID + id - found.hostID;
}

/** What the kernel shows for an id that a user namespace has not: /proc/sys/kernel/overflowuid. */
export const overflowId = 65_534;

/**
 * Who outside owns what belongs to `id` in an image: an id that the container has not is nobody's, which is what
 * an id shows that is not mapped.
 */
export function ownerOutside(mappings: readonly IdMapping[], id: number): number {
  return outsideId(mappings, id) ?? (insideId(mappings, 0) === undefined ? 0 : overflowId);
}

/** The container's root as those outside know it. */
export function rootOutside({ uids, gids }: IdMappings): { readonly uid: number; readonly gid: number } {
  return { uid: ownerOutside(uids, 0), gid: ownerOutside(gids, 0) };
}

/** As podman prints them: `CONTAINER:HOST:SIZE`. */
export function mappingWords(mappings: readonly IdMapping[]): string[] {
  return mappings.map(({ containerID, hostID, size }) => `${containerID}:${hostID}:${size}`);
}

/** A name for directories whose files are mapped so. */
export function mappingKey({ uids, gids }: IdMappings): string {
  const [users, groups] = [uids, gids].map((each) => mappingWords(each).join('_').replaceAll(':', '-'));
  return users === groups ? (users as string) : `${users}__${groups}`;
}
