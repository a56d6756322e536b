import type { HealthRequest } from '../engine/requests.ts';
import { bool, type FlagValues, string, uint } from './flags.ts';

/** What `run` and `create` say about the health of a container. */
export const healthFlags = {
  'health-cmd': string("Check the container's health by this command: a shell line, a JSON array, or 'none'"),
  'health-interval': string("Time between two checks; 'disable' for none but by healthcheck run", {
    value: 'duration',
    default: '30s',
  }),
  'health-on-failure': string('What to do with an unhealthy container: none, kill, restart or stop', {
    value: 'action',
    default: 'none',
  }),
  'health-retries': uint('Failures in a row that make it unhealthy', { default: '3' }),
  'health-start-period': string('Time in which failures do not count', { value: 'duration', default: '0s' }),
  'health-timeout': string('Time after which a check has failed', { value: 'duration', default: '30s' }),
  'no-healthcheck': bool("Do not use the image's health check"),
} as const;

export function healthRequest(values: FlagValues<typeof healthFlags>): HealthRequest {
  return {
    command: values['health-cmd'],
    interval: values['health-interval'],
    timeout: values['health-timeout'],
    startPeriod: values['health-start-period'],
    retries: values['health-retries'],
    onFailure: values['health-on-failure'],
    none: values['no-healthcheck'],
  };
}
