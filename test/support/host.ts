import { describe } from 'vitest';
import { runContext } from './run-context.ts';
import { type HostOptions, makeHost, type TestHost } from './test-host.ts';

export type HostMaker = (options?: HostOptions) => Promise<TestHost>;

/** A throw-away machine where peapod runs as root. Skip the test where `runContext().root` is false. */
export function rootHost(options: HostOptions = {}): Promise<TestHost> {
  return makeHost(runContext(), 'root', options);
}

/** A throw-away machine where peapod runs as an unprivileged user. */
export function userHost(options: HostOptions = {}): Promise<TestHost> {
  return makeHost(runContext(), 'user', options);
}

/** Describes what must hold for an unprivileged user and for root alike. */
export function describeForBoth(title: string, body: (makeHost: HostMaker) => void): void {
  describe(`${title}, as an unprivileged user`, () => body(userHost));
  describeForRoot(`${title}, as root`, () => body(rootHost));
}

/** Describes what needs root, or a test host with namespaces of its own. */
export function describeForRoot(title: string, body: () => void): void {
  describe.skipIf(!runContext().root)(title, body);
}
