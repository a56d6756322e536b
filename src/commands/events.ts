import type { EventView } from '../engine/views.ts';
import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { shortId } from './container-row.ts';
import { array, optionalBool, string } from './flags.ts';
import { isJson } from './format/report.ts';
import { parseFilters } from './targets.ts';

export const events = command({
  usage: '[options]',
  description: `Shows what happens to containers, pods, images, volumes and networks, one line an event, until it is interrupted.
What has happened before is shown with --since, --until, or --stream=false.`,
  examples: [
    'events',
    'events --filter event=died --filter container=web',
    'events --since 1h30m --stream=false',
    "events --format '{{.Time}} {{.Name}} {{.Status}}'",
  ],
  flags: {
    filter: array(
      'Show only what matches KEY=VALUE: container, event, image, label, network, pod, type, volume',
      {
        short: 'f',
      },
    ),
    format: string("'json', or a Go template"),
    'no-trunc': optionalBool('Do not truncate ids', { default: 'true' }),
    since: string('Show events since a time: RFC 3339, Unix seconds, or a duration back from now (10m)'),
    stream: optionalBool('Go on with what happens from now on', { default: 'true' }),
    until: string('Show events until a time, or for a duration from now on'),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout } = call;
    const filters = parseFilters(values.filter);
    const line = await lineOf(values.format, values['no-trunc'] ?? true);
    const engine = await call.engine();
    const { since, until, stream = true } = values;
    await engine.system.events({ filters, since, until, stream }, (event) => {
      stdout.write(line(event));
      if (stream) stdout.flush();
    });
    return 0;
  },
});

async function lineOf(format: string | undefined, noTrunc: boolean): Promise<(event: EventView) => string> {
  if (isJson(format)) return (event) => `${JSON.stringify(event)}\n`;
  const { GoTime } = await import('./template/values.ts');
  if (format === undefined)
    return (event) => `${humanReadable(event, new GoTime(event.Time).toString(), noTrunc)}\n`;
  const [{ Template }, { normalize }] = await Promise.all([
    import('./template/execute.ts'),
    import('./format/report.ts'),
  ]);
  const template = new Template(normalize(format), { name: 'events', typeName: '*events.Event' });
  return (event) => template.execute(row(event, new GoTime(event.Time)));
}

/** podman's libpod/events ToHumanReadable. */
function humanReadable(event: EventView, time: string, noTrunc: boolean): string {
  const { ID = '', Image = '', Name = '', Network = '', PodID, HealthStatus, Attributes } = event;
  const id = shortId(ID, noTrunc);
  const words = [time, event.Type, event.Status];
  switch (event.Type) {
    case 'container':
    case 'pod': {
      const details = [
        `image=${Image}`,
        `name=${Name}`,
        ...(PodID === undefined ? [] : [`pod_id=${PodID}`]),
        ...(HealthStatus === undefined ? [] : [`health_status=${HealthStatus}`]),
        ...Object.entries(Attributes ?? {}).map(([key, value]) => `${key}=${value}`),
      ];
      return [...words, id, `(${details.join(', ')})`].join(' ');
    }
    case 'network':
      return [...words, id, `(container=${id}, name=${Network})`].join(' ');
    case 'image':
      return [...words, id, Name].join(' ');
    default:
      return [...words, Name].join(' ').trimEnd();
  }
}

/** The fields of podman's events.Event, in its order. */
function row(event: EventView, time: unknown): Record<string, unknown> {
  const attributes = new Map(Object.entries(event.Attributes ?? {}));
  return {
    ContainerExitCode: event.ContainerExitCode ?? 0,
    ID: event.ID ?? '',
    Image: event.Image ?? '',
    Name: event.Name ?? '',
    Network: event.Network ?? '',
    Status: event.Status,
    Time: time,
    Type: event.Type,
    HealthStatus: event.HealthStatus ?? '',
    PodID: event.PodID ?? '',
    Attributes: attributes,
  };
}
