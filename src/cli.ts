import { internalVerbs } from './main.ts';

const [verb, name, ...rest] = process.argv.slice(2);
const internal = verb === 'internal' && name !== undefined ? internalVerbs[name] : undefined;
if (internal) {
  const run = await internal();
  process.exit(await run(rest));
}
console.log(process.argv, import.meta.url);
