/** One operation that both tools are timed at: shell words with `TOOL` for either, `N` for a number never used before. */
export interface TimedCase {
  readonly name: string;
  readonly before?: string;
  readonly timed: string;
  readonly after?: string;
  /** The most that peapod's median may be of podman's. */
  readonly limit?: number;
}

export const image = 'localhost/bench:latest';

export const timedCases: readonly TimedCase[] = [
  { name: 'run --rm true', timed: `TOOL run --rm ${image} true`, limit: 0.6 },
  {
    name: 'pod create -p, run -d in it',
    timed: `TOOL pod create --name benchN -p 18080:80 && TOOL run -d --pod benchN ${image} sleep 1000`,
    after: 'TOOL pod rm --force --time 0 benchN',
  },
  {
    name: 'pod create',
    timed: 'TOOL pod create --name benchN',
    after: 'TOOL pod rm --force --time 0 benchN',
  },
  {
    name: 'network connect',
    before: `TOOL network create benchN && TOOL run -d --name benchN --network bridge ${image} sleep 1000`,
    timed: 'TOOL network connect benchN benchN',
    after: 'TOOL rm --force --time 0 benchN && TOOL network rm benchN',
  },
  { name: 'exec true', timed: 'TOOL exec bench true' },
  { name: 'ps', timed: 'TOOL ps', limit: 1 },
  { name: 'ps -a --pod', timed: 'TOOL ps -a --pod' },
];

/** What exec and ps find: a pod with two containers, one of them named `bench`. */
export const standing = {
  make: `TOOL pod create --name standing -p 80 && TOOL run -d --pod standing --name bench ${image} sleep 10000 &&
    TOOL run -d --pod standing ${image} sleep 10000`,
  remove: 'TOOL pod rm --force --time 0 standing',
} as const;
