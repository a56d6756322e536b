/** struct vfs_ns_cap_data of linux/capability.h: its third version ends with the root of a user namespace. */
const revisionMask = 0xff00_0000;
const revision2 = 0x0200_0000;
const revision3 = 0x0300_0000;
const bytesOfRevision2 = 20;

/**
 * security.capability as images have it: without the user namespace of whoever has set it, whose root has another
 * id wherever else the file comes.
 */
export function plainCapability(value: Buffer): Buffer {
  const magic = value.length >= 4 ? value.readUInt32LE(0) : 0;
  if ((magic & revisionMask) >>> 0 !== revision3 || value.length <= bytesOfRevision2) return value;
  const plain = Buffer.from(value.subarray(0, bytesOfRevision2));
  plain.writeUInt32LE(((magic & ~revisionMask) | revision2) >>> 0, 0);
  return plain;
}
