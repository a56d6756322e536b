import type { DatabaseSync } from 'node:sqlite';
import { adoptVolumes } from './adopt-volumes.ts';
import { imageHistorySchema, imageSchema } from './images.ts';
import { secretSchema } from './secrets.ts';

const tables = `
CREATE TABLE names (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('pod', 'container')),
  id   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sandboxes (
  id         TEXT PRIMARY KEY,
  spec       TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('pinned', 'ready', 'stopped', 'released')),
  boot_id    TEXT NOT NULL,
  attachment TEXT,
  published  TEXT NOT NULL DEFAULT '[]',
  pause      TEXT
) STRICT;

CREATE TABLE pods (
  id             TEXT PRIMARY KEY REFERENCES sandboxes(id),
  created_at_ms  INTEGER NOT NULL,
  labels         TEXT NOT NULL,
  shared         TEXT NOT NULL,
  create_command TEXT NOT NULL
) STRICT;

CREATE TABLE containers (
  id             TEXT PRIMARY KEY,
  pod_id         TEXT REFERENCES pods(id),
  sandbox_id     TEXT NOT NULL REFERENCES sandboxes(id),
  image_id       TEXT,
  created_at_ms  INTEGER NOT NULL,
  spec           TEXT NOT NULL,
  create_command TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('created', 'running', 'paused', 'exited')),
  boot_id        TEXT NOT NULL,
  process        TEXT,
  monitor        TEXT,
  started_at_ms  INTEGER,
  finished_at_ms INTEGER,
  exit_code      INTEGER,
  oom_killed     INTEGER NOT NULL DEFAULT 0,
  error          TEXT
) STRICT;
CREATE INDEX containers_pod ON containers(pod_id);
CREATE INDEX containers_image ON containers(image_id);

CREATE TABLE ports (
  protocol       TEXT NOT NULL,
  host_ip        TEXT NOT NULL,
  host_port      INTEGER NOT NULL,
  container_port INTEGER NOT NULL,
  sandbox_id     TEXT NOT NULL REFERENCES sandboxes(id) ON DELETE CASCADE,
  UNIQUE (protocol, host_port, host_ip)
) STRICT;

-- An address stands for itself, the empty one for all of them: what overlaps cannot be written.
CREATE TRIGGER ports_overlap BEFORE INSERT ON ports
WHEN EXISTS (
  SELECT 1 FROM ports WHERE protocol = NEW.protocol AND host_port = NEW.host_port
  AND (host_ip = NEW.host_ip OR host_ip = '' OR NEW.host_ip = ''
       OR (host_ip = '0.0.0.0' AND NEW.host_ip NOT LIKE '%:%')
       OR (NEW.host_ip = '0.0.0.0' AND host_ip NOT LIKE '%:%')
       OR (host_ip = '::' AND NEW.host_ip LIKE '%:%')
       OR (NEW.host_ip = '::' AND host_ip LIKE '%:%'))
)
BEGIN SELECT RAISE(ABORT, 'port overlap'); END;

-- What is being changed, by whom: written before the first step, deleted after the last. A row whose
-- process has ended tells the next command what to finish or undo.
CREATE TABLE operations (
  subject_id  TEXT PRIMARY KEY,
  verb        TEXT NOT NULL,
  pid         INTEGER NOT NULL,
  start_ticks INTEGER NOT NULL,
  boot_id     TEXT NOT NULL
) STRICT;
`;

/** A sandbox has any number of networks. */
const severalNetworks = `
ALTER TABLE sandboxes ADD COLUMN attachments TEXT NOT NULL DEFAULT '{}';
UPDATE sandboxes SET spec = json_set(spec, '$.network', json(CASE json_extract(spec, '$.network.kind')
  WHEN 'none' THEN json_object('kind', 'own', 'endpoints', json_array())
  WHEN 'backend' THEN json_object('kind', 'own', 'endpoints', json_array(json_object(
    'ifname', coalesce(json_extract(spec, '$.network.spec.options.interface_name'), 'eth0'),
    'backend', json_extract(spec, '$.network.backend'),
    'spec', json_remove(json_extract(spec, '$.network.spec'), '$.options.interface_name'))))
  ELSE json_extract(spec, '$.network') END));
UPDATE sandboxes SET
  attachments = json_object(json_extract(spec, '$.network.endpoints[0].ifname'), json(attachment)),
  published = (SELECT json_group_array(json_set(value, '$.endpoint', json_extract(spec, '$.network.endpoints[0].ifname')))
    FROM json_each(published))
WHERE attachment IS NOT NULL;
ALTER TABLE sandboxes DROP COLUMN attachment;
`;

/** Of containers that are gone: whoever waits for one may ask a moment later. */
const exitCodes = `
CREATE TABLE exit_codes (
  id            TEXT PRIMARY KEY,
  exit_code     INTEGER NOT NULL,
  removed_at_ms INTEGER NOT NULL
) STRICT;
`;

const supervision = `
CREATE TABLE supervision (
  container_id  TEXT PRIMARY KEY REFERENCES containers(id) ON DELETE CASCADE,
  restart_count INTEGER NOT NULL DEFAULT 0,
  pause_ms      INTEGER NOT NULL DEFAULT 0,
  restarter     TEXT,
  user_signal   INTEGER
) STRICT;
`;

const health = `
ALTER TABLE supervision ADD COLUMN health TEXT;
ALTER TABLE supervision ADD COLUMN health_timer TEXT;
`;

const podOptions = `ALTER TABLE pods ADD COLUMN options TEXT NOT NULL DEFAULT '{}'`;

/** SQL, or work that also needs the directory that the database lies in. */
type Migration = string | ((db: DatabaseSync, root: string) => void);

/** `migrations[n]` takes a database from version n to n + 1. */
export const migrations: readonly Migration[] = [
  `${tables}\n${imageSchema}`,
  supervision,
  adoptVolumes,
  secretSchema,
  severalNetworks,
  exitCodes,
  health,
  imageHistorySchema,
  podOptions,
];
