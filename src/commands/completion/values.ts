/**
 * What shells offer as values of flags, by the flag's name, or by verb and flag where verbs differ. A word that ends
 * in `=` or `:` goes on; `<network>` stands for the names of all networks, `<file>` for what the shell finds itself.
 */
export const flagValues: Readonly<Record<string, readonly string[]>> = {
  arch: ['amd64', 'arm', 'arm64', 'ppc64le', 'riscv64', 's390x'],
  'exit-policy': ['continue', 'stop'],
  from: ['<image>'],
  'group-add': ['keep-groups'],
  'health-cmd': ['none'],
  'health-interval': ['disable'],
  'hooks-dir': ['<directory>'],
  ignorefile: ['<file>'],
  iidfile: ['<file>'],
  'image-volume': ['bind', 'ignore', 'tmpfs'],
  isolation: ['chroot', 'oci', 'rootless'],
  'log-opt': ['max-size=', 'path=<file>', 'tag='],
  logfile: ['<file>'],
  os: ['linux'],
  platform: ['linux/amd64', 'linux/arm64'],
  'sign-by-sigstore-private-key': ['<file>'],
  'sign-passphrase-file': ['<file>'],
  authfile: ['<file>'],
  'cap-add': ['all', ...capabilities()],
  'cap-drop': ['all', ...capabilities()],
  'cert-dir': ['<directory>'],
  cgroupns: ['private', 'host', 'container:<container>', 'ns:'],
  cgroups: ['enabled', 'disabled', 'no-conmon'],
  change: ['CMD=', 'ENTRYPOINT=', 'ENV=', 'EXPOSE=', 'LABEL=', 'STOPSIGNAL=', 'USER=', 'VOLUME=', 'WORKDIR='],
  cidfile: ['<file>'],
  'compression-format': ['gzip', 'zstd'],
  'conmon-pidfile': ['<file>'],
  device: ['<file>'],
  digestfile: ['<file>'],
  dns: ['none'],
  'env-file': ['<file>'],
  file: ['<file>'],
  format: ['json', 'table ', '{{.'],
  'health-on-failure': ['none', 'kill', 'restart', 'stop'],
  input: ['<file>'],
  ipc: ['private', 'host', 'shareable', 'none', 'container:<container>', 'ns:'],
  'label-file': ['<file>'],
  'log-driver': ['k8s-file', 'json-file', 'none'],
  'log-level': ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'],
  mount: ['type=bind,', 'type=devpts,', 'type=tmpfs,', 'type=volume,'],
  'network-config-dir': ['<directory>'],
  network: ['bridge', 'host', 'none', 'pasta', 'slirp4netns', 'container:<container>', 'ns:', '<network>'],
  output: ['<file>'],
  personality: ['LINUX', 'LINUX32'],
  pid: ['private', 'host', 'container:<container>', 'ns:'],
  pidfile: ['<file>'],
  pod: ['new:', '<pod>'],
  'pod-id-file': ['<file>'],
  policy: ['always', 'missing', 'never', 'newer'],
  pull: ['always', 'missing', 'never', 'newer'],
  restart: ['no', 'always', 'on-failure', 'unless-stopped', 'on-failure:'],
  root: ['<directory>'],
  runroot: ['<directory>'],
  secret: ['<secret>'],
  'security-opt': ['no-new-privileges', 'seccomp=unconfined', 'seccomp=<file>'],
  share: ['ipc', 'net', 'pid', 'uts', 'none'],
  'sig-proxy': ['true', 'false'],
  signal: signals(),
  'stop-signal': signals(),
  sdnotify: ['ignore'],
  systemd: ['false'],
  'tls-verify': ['true', 'false'],
  tz: ['local'],
  userns: ['host', 'auto', 'auto:size=', 'keep-id', 'keep-id:', 'nomap', 'container:', 'ns:'],
  uts: ['private', 'host', 'container:<container>', 'ns:'],
  volume: ['<volume>:', '<file>'],
  'volumes-from': ['<container>'],
  'create --requires': ['<container>'],
  'run --requires': ['<container>'],
  'kill --filter': containerFilters(),
  'pause --filter': containerFilters(),
  'restart --filter': containerFilters(),
  'rm --filter': containerFilters(),
  'stop --filter': containerFilters(),
  'unpause --filter': containerFilters(),
  'generate systemd --restart-policy': [
    ...['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'],
  ],
  'search --filter': [
    'stars=',
    ...values('is-official', 'true false'),
    ...values('is-automated', 'true false'),
  ],
  'system prune --filter': pruneFilters(),
  'volume ls --filter': volumeFilters(),
  'volume prune --filter': volumeFilters(),
  'events --filter': [
    ...[
      'container=<container>',
      'image=<image>',
      'pod=<pod>',
      'volume=<volume>',
      'network=<network>',
      'event=',
    ],
    ...['label=', 'status=', ...values('type', 'container image network pod volume system secret')],
  ],
  'images --filter': imageFilters(),
  'image prune --filter': imageFilters(),
  'images --sort': ['created', 'id', 'repository', 'size', 'tag'],
  'inspect --type': ['all', 'container', 'image', 'network', 'pod', 'volume'],
  'network create --driver': ['bridge', 'ipvlan', 'macvlan'],
  'network create --ipam-driver': ['dhcp', 'host-local', 'none'],
  'network diagram --format': ['mermaid', 'svg', 'tree'],
  'network ls --filter': [
    'dangling=true',
    'dangling=false',
    'driver=',
    'id=',
    'label=',
    'label!=',
    'name=',
    'until=',
  ],
  'network prune --filter': pruneFilters(),
  'pod prune --filter': pruneFilters(),
  'pod ps --filter': [
    ...['ctr-ids=', 'ctr-names=<container>', 'ctr-number=', 'id=', 'label=', 'label!=', 'name=<pod>'],
    ...['network=<network>', 'until=', ...values('status', 'created degraded exited paused running stopped')],
    ...values('ctr-status', 'created exited paused running'),
  ],
  'pod ps --sort': ['created', 'id', 'name', 'number', 'status'],
  'container prune --filter': pruneFilters(),
  'ps --filter': containerFilters(),
  'ps --sort': ['command', 'created', 'id', 'image', 'names', 'runningfor', 'size', 'status'],
  'push --format': ['oci', 'v2s1', 'v2s2'],
  'save --format': ['docker-archive', 'docker-dir', 'oci-archive', 'oci-dir'],
  'secret create --driver': ['file'],
  'secret ls --filter': ['id=', 'name=<secret>'],
  'start --filter': containerFilters(),
  'volume create --driver': ['local'],
  'volume create --opt': ['device=', 'o=', 'type='],
  'wait --condition': ['created', 'exited', 'paused', 'running', 'stopped', 'unknown'],
};

function values(key: string, words: string): string[] {
  return words.split(' ').map((word) => `${key}=${word}`);
}

function containerFilters(): string[] {
  return [
    ...['ancestor=<image>', 'before=<container>', 'exited=', 'id=', 'label=', 'label!=', 'name=<container>'],
    ...['network=<network>', 'pod=<pod>', 'since=<container>', 'until=', 'volume=<volume>'],
    ...values('health', 'healthy none starting unhealthy'),
    ...values('restart-policy', 'always no on-failure unless-stopped'),
    ...values('status', 'created exited paused running'),
  ];
}

function imageFilters(): string[] {
  const switches = ['containers', 'dangling', 'intermediate', 'readonly'];
  return [
    ...['before=<image>', 'id=', 'label=', 'label!=', 'reference=', 'since=<image>', 'until='],
    ...switches.flatMap((key) => values(key, 'true false')),
  ];
}

function volumeFilters(): string[] {
  const switches = ['anonymous', 'dangling'];
  return [
    ...[
      'after=<volume>',
      'driver=',
      'label=',
      'label!=',
      'name=<volume>',
      'opt=',
      'since=<volume>',
      'until=',
    ],
    ...switches.flatMap((key) => values(key, 'true false')),
  ];
}

function pruneFilters(): string[] {
  return ['label=', 'label!=', 'until='];
}

/** Those that people send. */
function signals(): string[] {
  return ['ABRT', 'ALRM', 'CONT', 'HUP', 'INT', 'KILL', 'QUIT', 'STOP', 'TERM', 'USR1', 'USR2', 'WINCH'];
}

function capabilities(): string[] {
  return (
    'audit_control audit_read audit_write block_suspend bpf checkpoint_restore chown dac_override dac_read_search ' +
    'fowner fsetid ipc_lock ipc_owner kill lease linux_immutable mac_admin mac_override mknod net_admin ' +
    'net_bind_service net_broadcast net_raw perfmon setfcap setgid setpcap setuid sys_admin sys_boot sys_chroot ' +
    'sys_module sys_nice sys_pacct sys_ptrace sys_rawio sys_resource sys_time sys_tty_config syslog wake_alarm'
  )
    .toUpperCase()
    .split(' ');
}
