import { parseEnvironment } from './parse-options.ts';
import type { ContainerCreateRequest } from './requests.ts';

/** What podman hands on by itself, see podman-run(1), `--http-proxy`. */
const proxyVariables = [
  'http_proxy',
  'https_proxy',
  'ftp_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
];

/**
 * From the weakest to the strongest: the caller's (`--env-host`, or its proxy settings), the image's,
 * `--env-merge`, `--env-file`, `--env`. `--unsetenv` takes away what the image and peapod would set.
 */
export function resolveEnvironment(
  request: Pick<ContainerCreateRequest, 'env' | 'envFiles' | 'envHost' | 'environment'>,
  caller: Readonly<Record<string, string | undefined>>,
  imageEnv: readonly string[],
): Record<string, string> {
  const { unset = [], unsetAll = false, merge = [], httpProxy = true } = request.environment ?? {};
  const fromImage = unsetAll ? {} : parseEnvironment(imageEnv, [], {});
  for (const name of unset) delete fromImage[name];
  const proxies = proxyVariables.filter((name) => caller[name] !== undefined);
  const own = {
    ...parseEnvironment(request.envHost ? ['*'] : httpProxy ? proxies : [], [], caller),
    ...fromImage,
  };
  return {
    ...own,
    ...mergeEnvironment(merge, own),
    ...parseEnvironment(request.env, request.envFiles, caller),
  };
}

/** `--env-merge PATH=${PATH}:/more`: variables of the image stand for their values. */
function mergeEnvironment(
  words: readonly string[],
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged = parseEnvironment(words, [], own);
  return Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [
      name,
      value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, plain) => own[braced ?? plain] ?? ''),
    ]),
  );
}
