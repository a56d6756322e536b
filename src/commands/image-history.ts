import type { HistoryStep } from '../engine/image-api.ts';
import { exactly } from './arguments.ts';
import { command } from './command.ts';
import { shortIdLength } from './container-row.ts';
import { bool, optionalBool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { humanSize } from './format/size.ts';
import { table } from './format/table.ts';
import { ago } from './format/time.ts';

const missing = '<missing>';
const commandLength = 45;

export const history = command({
  usage: '[options] IMAGE',
  description: 'Shows the steps by which an image was made, the newest first.',
  examples: ['history app', "history --format '{{.CreatedBy}}' --no-trunc app"],
  flags: {
    format: string("'json', or a Go template; 'table …' for columns"),
    human: optionalBool('Show dates as ages', { short: 'H', default: 'true' }),
    'no-trunc': bool('Do not truncate the output', { aliases: ['notruncate'] }),
    quiet: bool('Print only ids', { short: 'q' }),
  },
  args: exactly(1),
  async run(call) {
    const { values, stdout } = call;
    const { human = true, 'no-trunc': whole, quiet, format } = values;
    const { images } = await call.engine();
    const steps = await images.history(call.args[0] as string);
    const row = (step: HistoryStep) => {
      const since = ago(step.createdAtMs, call.nowMs());
      const at = rfc3339(step.createdAtMs);
      const by = step.createdBy;
      return {
        ID: step.id === undefined ? missing : whole ? step.id : step.id.slice(0, shortIdLength),
        Created: human ? since : at,
        CreatedAt: at,
        CreatedSince: since,
        CreatedBy: whole || by.length <= commandLength ? by : `${by.slice(0, commandLength - 3)}...`,
        Size: humanSize(step.sizeBytes),
        Comment: step.comment,
        Tags: step.names,
      };
    };
    if (isJson(format)) {
      stdout.line(JSON.stringify(steps.map(json)));
    } else if (quiet) {
      for (const step of steps) stdout.line(row(step).ID);
    } else if (format !== undefined) {
      const options = {
        name: 'history',
        typeName: 'images.historyReporter',
        headings: { CreatedBy: 'CREATED BY' },
        noHeading: false,
      };
      stdout.write(await report(format, steps.map(row), options));
    } else {
      const rows = steps
        .map(row)
        .map((each) => [each.ID, each.Created, each.CreatedBy, each.Size, each.Comment]);
      stdout.write(table([['ID', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], ...rows]));
    }
    return 0;
  },
});

function json(step: HistoryStep): Record<string, unknown> {
  const created = rfc3339(step.createdAtMs);
  return {
    id: step.id ?? missing,
    created,
    CreatedBy: step.createdBy,
    ...(step.names.length > 0 ? { tags: step.names } : {}),
    size: step.sizeBytes,
    ...(step.comment === '' ? {} : { comment: step.comment }),
    Created: created,
  };
}

function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
