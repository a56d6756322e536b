/** How verbs and flags of podman do something else here, for docs/compatibility.md. By path, or path and flag. */
export const differences: Readonly<Record<string, string>> = {};
