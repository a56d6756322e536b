/** Narrower than the kernel's rule: a name that no shell, firewall or batch file takes for something else. */
export function isInterfaceName(name: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/.test(name);
}
