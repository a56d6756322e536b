import { runContext } from './run-context.ts';
import { type HostOptions, makeHost, type TestHost } from './test-host.ts';

/** A throw-away machine where peapod runs as root. Skip the test where `runContext().root` is false. */
export function rootHost(options: HostOptions = {}): Promise<TestHost> {
  return makeHost(runContext(), 'root', options);
}

/** A throw-away machine where peapod runs as an unprivileged user. */
export function userHost(options: HostOptions = {}): Promise<TestHost> {
  return makeHost(runContext(), 'user', options);
}
