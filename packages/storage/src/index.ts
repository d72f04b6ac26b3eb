/** Files: what a sender reads its blocks from and where a receiver puts them. */

export { movingFault } from './backup.ts';
export * from './catalogue.ts';
export * from './checksum.ts';
export { FileSink, type FileSinkOptions } from './file-sink.ts';
export { FileSource } from './file-source.ts';
export { KeyFileError, type LoadedKey, loadKeyFile, storeNewKeyFile } from './key-file.ts';
export { KnownKeys } from './known-keys.ts';
export { type NodeKeyQuestion, type NodeKeys, openNodeKeys } from './node-key.ts';
export type { SourceRoot } from './source-root.ts';
export { stateDirectory, type WrapperLegacy, wrapperLegacy } from './state-directory.ts';
export { cleanTemporaries } from './temporary-names.ts';
