export function isBuildStale(top: string): boolean;
export function areModulesStale(top: string): boolean;
