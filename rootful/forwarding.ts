import type { Runner } from '../src/host/exec.ts';
import type { HostTools } from './host-tools.ts';
import { addElements, type Element } from './nftables.ts';

/**
 * Other tables' verdicts: an accept of ours cannot overrule a drop of theirs. Docker and ufw set the policy
 * of iptables' FORWARD chain to drop; there, and only there, rules are inserted that let a bridge's traffic
 * through, as CNI's firewall plugin does. Chains that an administrator wrote are theirs to open.
 */

/** Remembers which bridges have rules in FORWARD, so that hardly any detach has to look. */
const admittedSet = 'admitted';

interface ForwardChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

interface ListedRule extends ForwardChain {
  readonly chain: string;
  readonly handle: number;
  readonly comment?: string;
}

export class Forwarding {
  readonly #runner: Runner;
  readonly #tools: HostTools;

  constructor(runner: Runner, tools: HostTools) {
    this.#runner = runner;
    this.#tools = tools;
  }

  /** Lets a bridge's traffic pass iptables' FORWARD where that drops. Needs peapod's own table. */
  async admit(bridge: string): Promise<void> {
    const chains = (await this.#droppingChains()).filter(isIptables);
    if (chains.length === 0) return;
    const rules = chains.flatMap(({ family, table, name }) =>
      ['iifname', 'oifname'].map(
        (side) =>
          `insert rule ${family} ${table} ${name} ${side} "${bridge}" accept comment "${mark(bridge)}"\n`,
      ),
    );
    await this.#load(rules.join('') + addElements([{ set: admittedSet, key: `"${bridge}"`, owner: bridge }]));
  }

  /** Undoes `admit` for the bridges that the elements remember. Idempotent. */
  async withdraw(gone: readonly Element[]): Promise<void> {
    const marks = new Set(gone.filter(({ set }) => set === admittedSet).map(({ owner }) => mark(owner)));
    if (marks.size === 0) return;
    const lists = await Promise.all(['ip', 'ip6'].map((family) => this.#rules(family)));
    const rules = lists.flat().filter(({ comment }) => comment !== undefined && marks.has(comment));
    const lines = rules.map(({ family, table, chain, handle }) => {
      return `delete rule ${family} ${table} ${chain} handle ${handle}\n`;
    });
    if (lines.length > 0) await this.#load(lines.join(''));
  }

  /** Chains that drop what a bridge forwards, as `ip filter FORWARD`; empty where nothing is in the way. */
  async blockers(bridge: string): Promise<string[]> {
    const chains = await this.#droppingChains();
    if (chains.length === 0) return [];
    const admitted = (await Promise.all(['ip', 'ip6'].map((family) => this.#rules(family)))).flat();
    return chains
      .filter(
        (chain) =>
          !admitted.some(({ family, comment }) => family === chain.family && comment === mark(bridge)) ||
          !isIptables(chain),
      )
      .map(({ family, table, name }) => `${family} ${table} ${name}`);
  }

  async #droppingChains(): Promise<ForwardChain[]> {
    const entries = await this.#list('list', 'chains');
    return entries.flatMap(({ chain }) => {
      const found = chain as (ForwardChain & { hook?: string; type?: string; policy?: string }) | undefined;
      const drops = found?.hook === 'forward' && found.type === 'filter' && found.policy === 'drop';
      return drops && ['ip', 'ip6', 'inet'].includes(found.family) ? [found] : [];
    });
  }

  async #rules(family: string): Promise<ListedRule[]> {
    const entries = await this.#list('list', 'chain', family, 'filter', 'FORWARD');
    return entries.flatMap(({ rule }) => (rule ? [rule as ListedRule] : []));
  }

  /** Nothing where the chain does not exist. */
  async #list(...words: string[]): Promise<Record<string, unknown>[]> {
    const { exitCode, stdout } = await this.#runner.run([this.#tools.path('nft'), '-j', ...words], {
      accept: 'any',
    });
    if (exitCode !== 0) return [];
    return (JSON.parse(stdout) as { nftables: Record<string, unknown>[] }).nftables;
  }

  async #load(input: string): Promise<void> {
    await this.#runner.run([this.#tools.path('nft'), '-f', '-'], { input });
  }
}

function isIptables({ family, table, name }: ForwardChain): boolean {
  return (family === 'ip' || family === 'ip6') && table === 'filter' && name === 'FORWARD';
}

function mark(bridge: string): string {
  return `peapod ${bridge}`;
}
