import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { DeviceSpec } from '../store/records/isolation.ts';
import type { ContainerSpec } from '../store/records.ts';
import type { DeviceFlags } from './container-flags.ts';
import { parseSize } from './parse-size.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** Throws INVALID_ARGUMENT; looks at the host's devices, makes nothing. */
export function parseDevices(
  flags: DeviceFlags,
  rootless: boolean,
): Pick<ContainerSpec, 'devices' | 'deviceRules' | 'shmSizeBytes' | 'sysctls'> {
  if (rootless && flags.cgroupRules?.length)
    throw invalid('device cgroup rules are not supported in rootless mode or in a user namespace');
  const sysctls = parseSysctls(flags.sysctls ?? []);
  return {
    ...(flags.devices?.length ? { devices: parseAll(flags.devices) } : {}),
    ...(flags.cgroupRules?.length ? { deviceRules: flags.cgroupRules.map(checkRule) } : {}),
    ...(flags.shmSize ? { shmSizeBytes: parseSize(flags.shmSize, 'shm-size') } : {}),
    ...(Object.keys(sysctls).length > 0 ? { sysctls } : {}),
  };
}

/** The last one at the same place counts. */
function parseAll(words: readonly string[]): DeviceSpec[] {
  const devices = words.flatMap(parseDevice);
  return [...new Map(devices.map((device) => [device.destination, device])).values()];
}

/** `source[:destination][:permissions]`; a directory stands for all devices below it. */
function parseDevice(word: string): DeviceSpec[] {
  if (/^[^/]+\/[^/]+=/.test(word))
    throw invalid(
      `--device ${word}: CDI devices are not supported`,
      'give the device nodes: --device /dev/…',
    );
  const parts = word.split(':');
  if (parts.length > 3 || parts[0] === '') throw invalid(`invalid device specification: ${word}`);
  const [source, second = '', third] = parts as [string, string?, string?];
  const twoAreMode = third === undefined && second !== '' && !second.startsWith('/');
  const permissions = third ?? (twoAreMode ? second : 'rwm');
  const destination = twoAreMode || second === '' ? source : second;
  if (!/^[rwm]{1,3}$/.test(permissions) || new Set(permissions).size !== permissions.length)
    throw invalid(`invalid device mode: ${permissions}`, 'some of r, w and m');
  if (!isAbsolute(destination)) throw invalid(`invalid device specification: ${word}`);
  return devicesAt(normalize(source), normalize(destination), permissions);
}

function devicesAt(source: string, destination: string, permissions: string): DeviceSpec[] {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (!stats) throw invalid(`stat ${source}: no such file or directory`);
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return [{ source, destination, permissions }];
  if (!stats.isDirectory()) throw invalid(`${source} is not a device node`);
  const found = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice() || entry.isDirectory())
    .flatMap(({ name }) => devicesAt(join(source, name), join(destination, name), permissions));
  if (found.length === 0) throw invalid(`no devices found in ${source}`);
  return found;
}

function checkRule(rule: string): string {
  if (/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule)) return rule;
  throw invalid(`invalid value for --device-cgroup-rule: ${rule}`, "for example 'c 189:* rwm'");
}

/** Settings of the kernel that belong to a namespace, as podman and Docker know them. */
const ipcSysctls = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
);

/** Which namespace a setting belongs to; undefined for one that is the whole machine's. */
export function sysctlNamespace(name: string): 'net' | 'ipc' | undefined {
  const dotted = name.replaceAll('/', '.');
  if (dotted.startsWith('net.')) return 'net';
  return dotted.startsWith('fs.mqueue.') || ipcSysctls.has(dotted) ? 'ipc' : undefined;
}

export function parseSysctls(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at <= 0) throw invalid(`${word} is invalid, sysctl values must be in the form of KEY=VALUE`);
      const [name, value] = [word.slice(0, at), word.slice(at + 1)];
      if (!/^[A-Za-z0-9_.\-/]+$/.test(name) || name.includes('..') || !sysctlNamespace(name)) {
        throw invalid(
          `sysctl '${name}' is not allowed`,
          'only settings of a namespace can be a container’s: net.*, kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*',
        );
      }
      return [name, value];
    }),
  );
}
