import { PeapodError } from '../errors.ts';
import { portsOverlap } from '../network/ports-overlap.ts';
import { type PortMapping, type Protocol, portKey } from '../network/types.ts';
import type { Database } from './database.ts';

/** Host ports spoken for, from a pod's creation to its removal, whether it runs or not. */
export class PortTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All or none (call it in a transaction). Throws PORT_IN_USE naming the pod or container that has it. */
  reserve(sandboxId: string, ports: readonly PortMapping[]): void {
    for (const port of ports) {
      try {
        this.#db.run(
          'INSERT INTO ports (protocol, host_ip, host_port, container_port, sandbox_id) VALUES (?, ?, ?, ?, ?)',
          port.protocol,
          port.hostIp,
          port.hostPort,
          port.containerPort,
          sandboxId,
        );
      } catch (error) {
        throw this.conflict(port) ?? error;
      }
    }
  }

  release(sandboxId: string, ports: readonly PortMapping[]): void {
    for (const port of ports) {
      this.#db.run(
        'DELETE FROM ports WHERE sandbox_id = ? AND protocol = ? AND host_ip = ? AND host_port = ?',
        sandboxId,
        port.protocol,
        port.hostIp,
        port.hostPort,
      );
    }
  }

  /** Host ports that nobody may be given, whatever the address. */
  taken(protocol: Protocol): Set<number> {
    const rows = this.#db.all<{ host_port: number }>(
      'SELECT host_port FROM ports WHERE protocol = ?',
      protocol,
    );
    return new Set(rows.map((row) => row.host_port));
  }

  /**
   * PORT_IN_USE where a pod or container other than `except` has the port, on this address or on one that overlaps
   * with it.
   */
  conflict(port: PortMapping, except = ''): PeapodError | undefined {
    const holder = this.#db
      .all<{ host_ip: string; name: string; kind: string }>(
        `SELECT ports.host_ip, names.name, names.kind FROM ports JOIN names ON names.id = ports.sandbox_id
         WHERE protocol = ? AND host_port = ? AND ports.sandbox_id <> ?`,
        port.protocol,
        port.hostPort,
        except,
      )
      .find(({ host_ip }) => portsOverlap({ ...port, hostIp: host_ip }, port));
    if (!holder) return undefined;
    return new PeapodError(
      'PORT_IN_USE',
      `host port ${port.hostPort}/${port.protocol} is already reserved by ${holder.kind} "${holder.name}"`,
      { hint: `choose another host port, or remove that ${holder.kind}`, cause: portKey(port) },
    );
  }
}
