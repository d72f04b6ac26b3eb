/** UFTP as a library: sends, receives and relays over real sockets and files. */
export {
	type Curve,
	curveByName,
	formatFingerprint,
	generateEcKey,
	type PrivateKey,
	type PublicKey,
	parseFingerprint,
} from '@uftp/crypto';
export {
	type AllowedReceiver,
	type AllowedSender,
	CompleteStatus,
	type DownstreamSite,
	type Endpoint,
	formatEndpoint,
	type IncomingFile,
	type ProxyEvent,
	type ReceiverEvent,
	type ReceiverResult,
	type SenderEvent,
	type SenderProgress,
} from '@uftp/protocol';
export type { CatalogueArgument, CatalogueOptions, FileContent } from '@uftp/storage';
export type { FileSinkOptions } from '@uftp/storage/receiving';
export { formatUid, parseUid } from '@uftp/wire';
export * from './identity/index.ts';
export * from './network/index.ts';
export * from './problems/index.ts';
export * from './receiving/index.ts';
export * from './relaying/index.ts';
export * from './running/index.ts';
export * from './sending/index.ts';
