import type { Attachment } from '../network/backend.ts';

export interface NetworkNames {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
}

/** The attachment whose `dnsOnDemand` a pod needs: where it has names, but nobody there who forwards. */
export function forwarderAmong(attachments: readonly Attachment[]): Attachment | undefined {
  const named = attachments.filter(({ dnsSearch }) => dnsSearch);
  if (named.length === 0 || named.some(({ dnsClosed }) => !dnsClosed)) return undefined;
  return attachments.find(({ dnsOnDemand }) => dnsOnDemand);
}

/**
 * What resolv.conf has to say because of a pod's networks. Where some have names of their own, their servers are
 * the only ones: a resolver takes the first answer for the whole truth, and these forward what they do not know. Those
 * that forward nothing are left out where others do, or can.
 */
export function networkNames(attachments: readonly Attachment[]): NetworkNames {
  const named = attachments.filter(({ dnsSearch }) => dnsSearch);
  const forwarding = named.filter(({ dnsClosed }) => !dnsClosed);
  const asked = [forwarding, named, attachments].find((some) => some.length > 0) ?? [];
  return {
    servers: forwarderAmong(attachments)?.dnsOnDemand ?? asked.flatMap(({ dns }) => dns),
    searches: [...new Set(named.flatMap(({ dnsSearch }) => dnsSearch ?? []))],
  };
}
