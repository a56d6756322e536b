/** Put in by the build (scripts/build.mjs). */
declare const PEAPOD_VERSION: string;
declare const PEAPOD_COMMIT: string;
declare const PEAPOD_BUILT: number;

/** From source there is no build to name. */
export const version: string = typeof PEAPOD_VERSION === 'string' ? PEAPOD_VERSION : '0.0.0-source';

/** Of the source; empty where that is not known. */
export const commit: string = typeof PEAPOD_COMMIT === 'string' ? PEAPOD_COMMIT : '';

/** Seconds since the epoch; 0 from source. */
export const builtSeconds: number = typeof PEAPOD_BUILT === 'number' ? PEAPOD_BUILT : 0;
