import { existsSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { isAlive } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/** Whether its first process lives now, whatever the store last heard. */
export function isRunning(context: Context, record: ContainerRecord): boolean {
  return (record.state === 'running' || record.state === 'paused') && lives(context, record);
}

/** Runs, but its runtime directory is gone: signals reach it, and nothing else. */
export function isOutOfReach({ paths }: Context, { id }: ContainerRecord): boolean {
  return !existsSync(paths.containerRuntime(id));
}

/** Made by `init`, and waiting for its start. */
export function isInitialized(context: Context, record: ContainerRecord): boolean {
  return record.state === 'created' && lives(context, record);
}

function lives({ facts }: Context, { bootId, process }: ContainerRecord): boolean {
  return bootId === facts.bootId && process !== undefined && isAlive(process);
}

/** Why it cannot be removed, in podman's words. */
export function stillRunning({ id, name }: ContainerRecord, state: 'running' | 'restarting'): PeapodError {
  return new PeapodError(
    'WRONG_STATE',
    `cannot remove container ${id} as it is ${state} - running or paused containers cannot be removed without force`,
    { hint: `stop it first (peapod stop ${name}), or use --force` },
  );
}
