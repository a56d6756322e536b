/** Put in by the build (scripts/build.mjs). */
declare const PEAPOD_VERSION: string;

/** From source there is no build to name. */
export const version: string = typeof PEAPOD_VERSION === 'string' ? PEAPOD_VERSION : '0.0.0-source';
