/** A directory that exists and may not be written, and whether whoever asks may change that by himself. */
export type Closed = { readonly path: string; readonly isOurs: boolean };
