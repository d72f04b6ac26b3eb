/** Who a node is and whom it trusts: keys, ids, lists of senders, receivers and sites, what is kept between starts. */
export { type Cryptography, openCryptography } from './cryptography.ts';
export { type LoadedKey, loadKeyFile, storeNewKeyFile } from './key-file.ts';
export { keyMaker } from './key-maker.ts';
export { KnownKeys } from './known-keys.ts';
export { describeSite, readDownstreamSites } from './lists/downstream-sites.ts';
export { readLines, readText } from './lists/list-file.ts';
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
export { stateDirectory, type WrapperLegacy, wrapperLegacy } from './state-directory.ts';
export { chooseUid, defaultUid, nodeName, type UidChoice, type UidQuestion } from './uid-choice.ts';
