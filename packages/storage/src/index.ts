/** Files: what a sender reads its blocks from and where a receiver puts them. */
export * from './catalogue.ts';
export * from './file-source.ts';
export type { SourceRoot } from './source-root.ts';
