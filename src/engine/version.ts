declare const PEAPOD_VERSION: string | undefined;

/** Set by the build; a run from source has no version. */
export function peapodVersion(): string {
  return typeof PEAPOD_VERSION === 'string' ? PEAPOD_VERSION : 'development';
}
