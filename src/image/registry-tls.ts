import type { RegistryAccess } from './access.ts';
import { type ImageReference, isLoopback } from './reference.ts';
import { isConfigured } from './registries.ts';
import type { Transfers } from './transfers.ts';

/** A registry on this machine speaks plain HTTP, unless registries.conf or the caller says otherwise. */
export function tlsFor(
  transfers: Pick<Transfers, 'registries'>,
  reference: ImageReference,
  { tlsVerify }: RegistryAccess,
): boolean | undefined {
  const mayBePlain = isLoopback(reference.registry) && !isConfigured(reference, transfers.registries());
  return tlsVerify ?? (mayBePlain ? false : undefined);
}
