/** As in requests.ts, for what containers keep and are given. */

export interface VolumeCreateRequest {
  /** 64 hex digits are found where it is undefined. */
  readonly name?: string | undefined;
  /** Only `local`. */
  readonly driver?: string | undefined;
  readonly labels: readonly string[];
  /** `key=value`: `type`, `device`, `o`. */
  readonly options: readonly string[];
  /** A volume of that name is no error. */
  readonly ignore: boolean;
}

export interface SecretCreateRequest {
  readonly name: string;
  /** A path, `-` for standard input, or a variable's name. */
  readonly source: string;
  readonly fromEnvironment: boolean;
  /** Only `file`. */
  readonly driver?: string | undefined;
  /** `key=value`, as typed. */
  readonly driverOptions: readonly string[];
  readonly labels: readonly string[];
  readonly replace: boolean;
}
