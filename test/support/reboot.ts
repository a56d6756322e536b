import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestHost } from './test-host.ts';

/**
 * What a reboot leaves of a machine: files on disk. Every process, mount, interface and rule of peapod's is gone,
 * /run is empty, and the boot is another.
 */
const script = `
shell=$(pgrep -o -P 1)
for pid in $(ls /proc | grep '^[0-9][0-9]*$'); do
  case $pid in 1 | $shell | $$ | $PPID) ;; *) kill -9 $pid 2>/dev/null || : ;; esac
done
sleep 0.1
cut -d' ' -f5 /proc/self/mountinfo | grep '/peapod/' | tac | xargs -r umount --lazy
rm -rf /run/peapod /run/user/*/peapod /run/netns
for link in $(ip -o link show type bridge | cut -d: -f2) $(ip -o link show type veth | cut -d: -f2 | grep -o ' pea[^@]*'); do
  ip link delete $link 2>/dev/null || :
done
nft flush ruleset
`;

export async function reboot(host: TestHost): Promise<void> {
  await host.rootSh(script);
  // By its path outside: SQLite follows links by itself, and does not understand those of /proc.
  const data = join(host.dir, host.rootless ? 'home/.local/share' : 'lib');
  const database = new DatabaseSync(join(data, 'peapod/peapod.db'));
  // The kernel's id cannot be changed here; what the store remembers can.
  for (const table of ['sandboxes', 'containers', 'operations']) {
    database.exec(`UPDATE ${table} SET boot_id = 'another' WHERE boot_id <> ''`);
  }
  database.close();
}
