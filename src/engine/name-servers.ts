import type { Attachment } from '../network/backend.ts';

export interface NetworkNames {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
}

/**
 * What resolv.conf has to say because of a pod's networks. Where some have names of their own, their servers are
 * the only ones: a resolver takes the first answer for the whole truth, and these forward what they do not know. Those
 * that forward nothing are left out where others do.
 */
export function networkNames(attachments: readonly Attachment[]): NetworkNames {
  const named = attachments.filter(({ dnsSearch }) => dnsSearch);
  const forwarding = named.filter(({ dnsClosed }) => !dnsClosed);
  const asked = [forwarding, named, attachments].find((some) => some.length > 0) ?? [];
  return {
    servers: asked.flatMap(({ dns }) => dns),
    searches: [...new Set(named.flatMap(({ dnsSearch }) => dnsSearch ?? []))],
  };
}
