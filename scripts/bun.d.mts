/** Path of Bun's executable. Throws where the platform package is not installed. */
export function bunPath(): string;
