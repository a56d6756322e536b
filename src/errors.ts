/**
 * Every failure a user may meet. `message` says what is wrong in one line, `hint` what to do about it.
 *
 * `exitCode` follows podman: 125 for peapod's own failures, 126 for a container command that cannot be
 * invoked, 127 for one that is not found.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'NAME_IN_USE'
  | 'WRONG_STATE'
  | 'BUSY'
  | 'PORT_IN_USE'
  | 'PORT_PRIVILEGED'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_FOREIGN'
  | 'ADDRESS_EXHAUSTED'
  | 'NETWORK_UNSUPPORTED'
  | 'NETWORK_CONFIG'
  | 'NETWORK_DRIFT'
  | 'NETWORK_IN_USE'
  | 'TOOL_MISSING'
  | 'HOST_UNFIT'
  | 'COMMAND_FAILED'
  | 'COMMAND_NOT_EXECUTABLE'
  | 'COMMAND_NOT_FOUND'
  | 'IMAGE_INVALID'
  | 'IMAGE_IN_USE'
  | 'VOLUME_IN_USE'
  | 'INTERRUPTED'
  | 'INTERNAL';

export interface PeapodErrorOptions {
  hint?: string;
  cause?: unknown;
  exitCode?: number;
}

export class PeapodError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, options: PeapodErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PeapodError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 125;
  }
}

export function isPeapodError(error: unknown, code?: ErrorCode): error is PeapodError {
  return error instanceof PeapodError && (code === undefined || error.code === code);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
