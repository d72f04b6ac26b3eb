/** Files: what a sender reads its blocks from and where a receiver puts them. */

export * from './catalogue.ts';
export * from './checksum.ts';
export { FileSource } from './file-source.ts';
export { KeyFileError, type LoadedKey, loadKeyFile, storeNewKeyFile } from './key-file.ts';
export { KnownKeys } from './known-keys.ts';
export { describeSite, readDownstreamSites } from './lists/downstream-sites.ts';
export type { ResolveName } from './lists/host-address.ts';
export { splitHostAndPort } from './lists/host-and-port.ts';
export {
	ListError,
	type ListLine,
	listedFingerprint,
	listedUid,
	listLines,
	uidOfNumericAddress,
} from './lists/list-lines.ts';
export { readReceiverList } from './lists/receiver-list.ts';
export { type ListedSender, readSenderList } from './lists/sender-list.ts';
export { type NodeKeyQuestion, type NodeKeys, openNodeKeys } from './node-key.ts';
export { movingFault } from './receiving/backup.ts';
export { FileSink, type FileSinkOptions } from './receiving/file-sink.ts';
export { cleanTemporaries } from './receiving/temporary-names.ts';
export type { SourceRoot } from './source-root.ts';
export { stateDirectory, type WrapperLegacy, wrapperLegacy } from './state-directory.ts';
