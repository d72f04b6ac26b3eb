/** Files: what a sender reads its blocks from and where a receiver puts them. */

export { timeWarnings } from './carried-times.ts';
export * from './catalogue.ts';
export type * from './catalogue-entry.ts';
export * from './checksum.ts';
export { FileSource } from './file-source.ts';
export type { SourceRoot } from './source-root.ts';
