import { describe, expect, it } from 'vitest';
import { installCommand } from '../../src/host/tools.ts';

describe('the command that installs a package', () => {
  const only = (manager: string) => (tool: string) => tool === manager;

  it.each([
    ['apt-get', 'uidmap', 'apt-get install uidmap'],
    ['dnf', 'uidmap', 'dnf install shadow-utils'],
    ['dnf', 'crun', 'dnf install crun'],
    ['dnf', 'golang-github-containers-common', 'dnf install containers-common'],
    ['none of them', 'crun', 'apt-get install crun'],
  ])('is that of the package manager which is here: %s', (manager, name, command) => {
    expect(installCommand(name, only(manager))).toBe(command);
  });
});
