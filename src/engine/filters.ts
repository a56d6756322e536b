/** `--filter key=value`, several values of a key are alternatives, as podman has them. */
export type Filters = Readonly<Record<string, readonly string[]>>;
