import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFacts } from '../host/facts.ts';
import type { RegistryAccess } from './access.ts';

/**
 * The `user:password` for a registry, where podman, skopeo and docker keep them; undefined where there is
 * none. https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function credentialsFor(
  registry: string,
  facts: HostFacts,
  { creds, authFile }: RegistryAccess,
): string | undefined {
  if (creds !== undefined) return creds;
  for (const path of authFiles(facts, authFile)) {
    const auth = readAuths(path)?.[registry]?.auth;
    if (auth) return Buffer.from(auth, 'base64').toString();
  }
  return undefined;
}

function authFiles({ env, homeDir, rootless, uid }: HostFacts, named: string | undefined): string[] {
  const given = named ?? env.REGISTRY_AUTH_FILE;
  if (given) return [given];
  const runtime = rootless ? (env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`) : '/run/containers/0';
  return [
    join(runtime, rootless ? 'containers' : '', 'auth.json'),
    join(env.XDG_CONFIG_HOME || join(homeDir, '.config'), 'containers', 'auth.json'),
    join(homeDir, '.docker', 'config.json'),
  ];
}

function readAuths(path: string): Record<string, { auth?: string }> | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { auths?: Record<string, { auth?: string }> }).auths;
  } catch {
    return undefined; // not there, or not for us to read
  }
}
