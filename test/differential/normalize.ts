/** First of all: the number in the middle may read as a time (`host-12h-1`). */
const hostName = /\bhost-\w+-\d+\b/g;

const times = [
  // 2024-05-06 07:08:09.123456789 +0000 UTC m=+0.12, and as RFC 3339 has it
  /\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d|Z)?( (UTC|[A-Z]{3,4}))?( m=\+[\d.]+)?/g,
  /\b(about |less than )?(an?|\d+) (second|minute|hour|month|year)s?( ago)?\b/gi,
  /\b(\d+(\.\d+)?(ms|[smhµ]))+\b/g,
];

const others: readonly (readonly [RegExp, string])[] = [
  // Where a tool keeps its files is its own business.
  [
    /(\/home\/[\w-]+\/\.local\/share|\/var\/lib|\/run(\/user\/\d+)?|\/etc\/cni)\/(containers|libpod|peapod|podman|netns|net\.d|crun)[\w./:-]*/g,
    '<path>',
  ],
  [/podman|peapod|libpod/gi, 'TOOL'],
  [/\bsha256:[0-9a-f]{64}\b/g, 'sha256:<id>'],
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{25}\b/g, '<secret id>'],
  [/\b[0-9a-f]{12}\b/g, '<short id>'],
  [/\/tmp\/tmp\.\w+/g, '<directory>'],
  // Out of the tools' own lists of words.
  [/(<short id>|inner) [a-z]+_[a-z]+$/gm, '$1 <name>'],
  [/\b\d+(\.\d+)? ?[kMG]?i?B\b/g, '<size>'],
  [/\b(10\.88|172\.17)\.\d+\.\d+\b/g, '<address>'],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>'],
  // Columns are as wide as what stands in them.
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
];

/** What is different in every run, and what only is the tool's own name, made alike. */
export function normalize(text: string): string {
  let result = text.replaceAll(hostName, '<host>');
  for (const time of times) result = result.replaceAll(time, '<time>');
  for (const [pattern, instead] of others) result = result.replaceAll(pattern, instead);
  return result;
}

/** Keys whose numbers no two runs have in common: only whether there is one is compared. */
const variable = /(pid|size|time|created|started|exited|finished|inode|^id|usage|^at)/i;

export function normalizeNumber(key: string, value: number): number | string {
  return variable.test(key) && value !== 0 ? '<number>' : value;
}
