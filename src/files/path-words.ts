/** Whether a path means what a directory holds, not the directory: `dir/.`. */
export function meansContents(path: string): boolean {
  return path === '.' || path === '/' || path.endsWith('/.');
}

/** The last name in a path: `b` of `/a/b/`. */
export function lastName(path: string): string {
  return path.split('/').findLast((part) => part !== '' && part !== '.') ?? '';
}
