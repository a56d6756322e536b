import type { ContainerCreateRequest } from './requests.ts';

/** `--entrypoint` takes the image's command away with its entrypoint, as podman has it. */
export function resolveCommand(
  request: ContainerCreateRequest,
  imageEntrypoint: readonly string[],
  imageCommand: readonly string[],
): { entrypoint: string[]; command: string[] } {
  const entrypoint =
    request.entrypoint === undefined ? [...imageEntrypoint] : parseEntrypoint(request.entrypoint);
  const useImageCommand = request.command.length === 0 && request.entrypoint === undefined;
  return { entrypoint, command: useImageCommand ? [...imageCommand] : [...request.command] };
}

function parseEntrypoint(word: string): string[] {
  if (word === '') return [];
  if (!word.startsWith('[')) return [word];
  try {
    const list: unknown = JSON.parse(word);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // podman takes what is no JSON as one word, too
  }
  return [word];
}
