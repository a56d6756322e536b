import { messageOf, PeapodError } from '../errors.ts';

export interface RegistryPlace {
  readonly registry: string;
  /** False also allows plain HTTP. */
  readonly tlsVerify: boolean | undefined;
  /** `user:password`. */
  readonly credentials: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * GET of a registry's API, with the login it asks for; undefined where it has no such thing.
 * https://distribution.github.io/distribution/spec/api/ and .../spec/auth/token/
 * Throws COMMAND_FAILED.
 */
export async function getJson<T>(place: RegistryPlace, path: string): Promise<T | undefined> {
  const response = await getAuthorized(place, path);
  if (response.status === 404 || response.status === 405) return undefined;
  if (response.status === 401 || response.status === 403) {
    throw new PeapodError('COMMAND_FAILED', `${place.registry}: authentication required`, {
      hint: `log in first: peapod login ${place.registry}`,
    });
  }
  if (!response.ok) throw new PeapodError('COMMAND_FAILED', `${place.registry} answers ${response.status}`);
  return (await response.json()) as T;
}

async function getAuthorized(place: RegistryPlace, path: string): Promise<Response> {
  const first = await get(place, path, basic(place.credentials));
  const challenge = first.headers.get('www-authenticate') ?? '';
  if (first.status !== 401 || !/^bearer /i.test(challenge)) return first;
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field('realm');
  if (realm === undefined) return first;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = field(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const granted = await fetch(url, { headers: basic(place.credentials), ...signalOf(place) });
  if (!granted.ok) return first;
  const { token, access_token } = (await granted.json()) as { token?: string; access_token?: string };
  return get(place, path, { authorization: `Bearer ${token ?? access_token}` });
}

async function get(place: RegistryPlace, path: string, headers: Record<string, string>): Promise<Response> {
  const schemes = place.tlsVerify === false ? ['https', 'http'] : ['https'];
  let failure: unknown;
  for (const scheme of schemes) {
    try {
      return await fetch(`${scheme}://${place.registry}${path}`, {
        headers,
        ...signalOf(place),
        ...(place.tlsVerify === false ? { tls: { rejectUnauthorized: false } } : {}),
      });
    } catch (error) {
      failure = error;
    }
  }
  throw new PeapodError('COMMAND_FAILED', `${place.registry} does not answer: ${messageOf(failure)}`, {
    hint: 'check its name and the network; a registry that speaks plain HTTP needs --tls-verify=false',
    cause: failure,
  });
}

function signalOf({ signal }: RegistryPlace): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

function basic(credentials: string | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
