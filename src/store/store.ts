import type { HostFacts } from '../host/facts.ts';
import { identify, type ProcessIdentity } from '../host/processes.ts';
import { ContainerTable } from './containers.ts';
import { Database } from './database.ts';
import { ImageTable } from './images.ts';
import { NameTable } from './names.ts';
import { OperationTable } from './operations.ts';
import { PodTable, SandboxTable } from './pods.ts';
import { PortTable } from './ports.ts';
import { SecretTable } from './secrets.ts';
import { SupervisionTable } from './supervision.ts';
import { VolumeTable } from './volumes.ts';

/** All that peapod remembers, one SQLite file a user. */
export class Store {
  readonly db: Database;
  readonly names: NameTable;
  readonly pods: PodTable;
  readonly sandboxes: SandboxTable;
  readonly containers: ContainerTable;
  readonly ports: PortTable;
  readonly operations: OperationTable;
  readonly images: ImageTable;
  readonly supervision: SupervisionTable;
  /** This process. */
  readonly self: ProcessIdentity;
  readonly volumes: VolumeTable;
  readonly secrets: SecretTable;

  constructor(path: string, facts: HostFacts) {
    this.db = new Database(path);
    this.names = new NameTable(this.db);
    this.pods = new PodTable(this.db);
    this.sandboxes = new SandboxTable(this.db);
    this.containers = new ContainerTable(this.db);
    this.ports = new PortTable(this.db);
    const self = identify(process.pid);
    if (!self) throw new Error('/proc is not mounted');
    this.self = self;
    this.supervision = new SupervisionTable(this.db);
    this.operations = new OperationTable(this.db, self, facts.bootId);
    this.images = new ImageTable(this.db.raw);
    this.volumes = new VolumeTable(this.db);
    this.secrets = new SecretTable(this.db);
  }
}
