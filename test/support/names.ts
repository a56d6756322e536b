import type { TestHost } from './test-host.ts';

/** Addresses of a name as a container sees it, in order; none where it has none. */
export async function lookUp(
  host: TestHost,
  container: string,
  name: string,
  family: 4 | 6 = 4,
): Promise<string[]> {
  const { stdout } = await host.peapod('exec', container, 'getent', `ahostsv${family}`, name);
  return [...new Set(stdout.split('\n').flatMap((line) => line.split(' ')[0] || []))].sort();
}

export async function aardvarks(host: TestHost): Promise<string[]> {
  const found = await host.rootSh('pgrep -x aardvark-dns || :');
  return found.split('\n').filter(Boolean);
}
