import type { Engine } from '../engine/engine.ts';
import { isPeapodError } from '../errors.ts';
import { atLeast, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, string } from './flags.ts';
import { isJson, normalize } from './format/report.ts';
import { toGoValues } from './template/json-values.ts';
import { GoTime } from './template/values.ts';

export const secretInspect = command({
  usage: '[options] SECRET [SECRET...]',
  description: 'Displays secrets as JSON. What is secret is shown only with --showsecret.',
  examples: ['secret inspect password', "secret inspect --showsecret --format '{{.SecretData}}' password"],
  flags: {
    format: string("A Go template, or 'json'", { short: 'f', default: 'json' }),
    pretty: bool('Print as text'),
    showsecret: bool('Show what is secret'),
  },
  args: atLeast(1),
  async run(call) {
    const { format, pretty, showsecret } = call.values;
    if (pretty && format !== undefined)
      throw wrongArguments('--format and --pretty cannot be used together', call.command);
    const render =
      format === undefined || isJson(format)
        ? undefined
        : new (await import('./template/execute.ts')).Template(normalize(format), {
            name: 'inspect',
            typeName: '*entities.SecretInfoReport',
          });
    const { secrets } = await call.engine();
    const found: Record<string, unknown>[] = [];
    let code = 0;
    for (const name of call.args) {
      try {
        found.push(await secretJson(secrets, name, showsecret));
      } catch (error) {
        if (!isPeapodError(error, 'NOT_FOUND')) throw error;
        call.report(error);
        code = 125;
      }
    }
    if (pretty) for (const each of found) call.stdout.write(text(each));
    else if (render) for (const each of found) call.stdout.write(render.execute(toGoValues(each)));
    else call.stdout.line(JSON.stringify(found, null, 4));
    return code;
  },
});

/** podman's SecretInfoReport. */
async function secretJson(
  secrets: Engine['secrets'],
  name: string,
  show: boolean,
): Promise<Record<string, unknown>> {
  const view = await secrets.inspect(name);
  const time = GoTime.fromMs(view.createdAtMs).rfc3339;
  return {
    ID: view.id,
    CreatedAt: time,
    UpdatedAt: time,
    Spec: { Name: view.name, Driver: { Name: 'file', Options: view.driverOptions }, Labels: view.labels },
    ...(show ? { SecretData: await secrets.reveal(view.id) } : {}),
  };
}

function text(secret: Record<string, unknown>): string {
  const { Name, Labels } = secret.Spec as { Name: string; Labels: Record<string, string> };
  const time = String(new GoTime(String(secret.CreatedAt)));
  const lines = [
    ['ID', secret.ID],
    ['Name', Name],
    ...Object.entries(Labels).map(([key, value]) => ['Label', `${key}=${value}`]),
    ['Driver', 'file'],
    ['Created at', time],
    ['Updated at', time],
    ...('SecretData' in secret ? [['Secret', secret.SecretData]] : []),
  ];
  return lines.map(([key, value]) => `${`${key}:`.padEnd(19)}${value}\n`).join('');
}
