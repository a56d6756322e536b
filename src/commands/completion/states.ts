/** The containers that a verb can do something with: shells offer these alone. */
export const states: Readonly<Record<string, readonly string[]>> = {
  attach: ['running', 'paused'],
  exec: ['running'],
  init: ['created', 'exited'],
  kill: ['running', 'paused'],
  pause: ['running'],
  start: ['created', 'exited'],
  stop: ['running', 'paused'],
  top: ['running', 'paused'],
  unpause: ['paused'],
};
