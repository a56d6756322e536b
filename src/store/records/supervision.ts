/** What looks after a container by itself: its restart policy, its health check. */

/** `--restart`; absent for `no`. */
export interface RestartSpec {
  readonly policy: 'always' | 'on-failure' | 'unless-stopped';
  /** Of `on-failure`; none, and 0, for as many as it takes. */
  readonly maxRetries?: number;
}

export interface HealthcheckSpec {
  /** `CMD` and the words of a command, or `CMD-SHELL` and a line. */
  readonly test: readonly string[];
  /** Between the end of one check and the start of the next; 0 where only `healthcheck run` checks. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly retries: number;
  readonly onFailure: 'none' | 'kill' | 'restart' | 'stop';
}

export interface HealthResult {
  readonly startMs: number;
  readonly endMs: number;
  /** -1 where the time was over. */
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthRecord {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** The last few, oldest first. */
  readonly log: readonly HealthResult[];
}

/** What is remembered of a container that has a restart policy or a health check. */
export interface SupervisionRecord {
  /** How often the policy has started it again since a user did. */
  readonly restartCount: number;
  /** The pause before the last of these starts. */
  readonly pauseMs: number;
  /** The process that starts it again, now or after a pause: while there is one, the container is `restarting`. */
  readonly restarter?: { readonly pid: number; readonly startTicks: number };
  /** The last signal a user has sent to it since it was started. */
  readonly userSignal?: number;
  /** Since its last start; absent without a health check. */
  readonly health?: HealthRecord;
  /** The process that has its health checked while it runs. */
  readonly healthTimer?: { readonly pid: number; readonly startTicks: number };
}
