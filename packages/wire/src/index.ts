/**
 * Every byte of UFTP 4.x on the network: layouts, encoders and decoders, pure and without I/O.
 *
 * Encoders `encodeX(bytes, at, message)` write the second header and body of a message at `at` (16 after the start of
 * the datagram) and return their length; what they throw is a RangeError about a mistake of the caller. Decoders
 * `decodeX(bytes, at, length)` read the same part, never throw, never look outside it, and return the message or a
 * `Malformed` with the reason.
 */
export {
	addressFamily,
	type Family,
	formatAddress,
	isMulticast,
	isSourceSpecificMulticast,
	isUnspecified,
	parseAddress,
	parseIPv4,
	parseIPv6,
} from './address.ts';
export { AssertionError, assert, fail } from './assert.ts';
export {
	checkEncrypted,
	decodeEncrypted,
	ENCRYPTED_HEADER_BYTES,
	type Encrypted,
	EncryptedLayout,
	encodeEncrypted,
	writeEncryptedHeader,
} from './encrypted.ts';
export {
	CcFlag,
	type EncInfo,
	EncInfoLayout,
	ExtensionType,
	encInfoBytes,
	FreeSpaceInfoLayout,
	findExtension,
	type TfmccAckInfo,
	TfmccAckInfoLayout,
	type TfmccDataInfo,
	TfmccDataInfoLayout,
} from './extensions.ts';
export {
	type CommonHeader,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	VERSION,
	writeHeader,
} from './header.ts';
export { hostKey } from './host-key.ts';
export { decodeIds, encodeIds, idsInclude, idsPerMessage } from './id-list.ts';
export type { Field, Layout, LayoutPart, Timestamp } from './layout.ts';
export {
	ABORT_TEXT_BYTES,
	DEFAULT_BLOCK_BYTES,
	DEFAULT_PORT,
	DEFAULT_ROBUST,
	ID_BYTES,
	LOWER_HEADER_BYTES,
	MAX_BLOCK_BYTES,
	MAX_DATAGRAM_BYTES,
	MAX_NAME_BYTES,
	MAX_ROBUST,
	MIN_BLOCK_BYTES,
	MIN_DATAGRAM_BYTES,
	MIN_ROBUST,
} from './limits.ts';
export { isMalformed, MALFORMED_REASONS, type Malformed, type MalformedReason, malformed } from './malformed.ts';
export {
	type Datagram,
	decodeDatagram,
	decodeMessage,
	encodeMessage,
	type Message,
	type MessageByType,
} from './message.ts';
export {
	isMessageType,
	MESSAGE_TRAITS,
	type MessageName,
	type MessageOrigin,
	type MessageTraits,
	MessageType,
	messageName,
} from './message-type.ts';
export { type Abort, AbortLayout, decodeAbort, encodeAbort } from './messages/abort.ts';
export { type Announce, AnnounceLayout, CcType, decodeAnnounce, encodeAnnounce } from './messages/announce.ts';
export { type CcAck, CcAckLayout, decodeCcAck, encodeCcAck } from './messages/cc-ack.ts';
export { type ClientKey, ClientKeyLayout, decodeClientKey, encodeClientKey } from './messages/client-key.ts';
export { type Complete, CompleteLayout, decodeComplete, encodeComplete } from './messages/complete.ts';
export {
	type CongCtrl,
	type CongCtrlItem,
	CongCtrlItemLayout,
	CongCtrlLayout,
	congCtrlItemsPerMessage,
	decodeCongCtrl,
	encodeCongCtrl,
} from './messages/cong-ctrl.ts';
export { type Done, DoneLayout, decodeDone, encodeDone } from './messages/done.ts';
export { type DoneConf, DoneConfLayout, decodeDoneConf, encodeDoneConf } from './messages/done-conf.ts';
export {
	decodeFileInfo,
	encodeFileInfo,
	type FileInfo,
	FileInfoLayout,
	isPlainTime,
	MODIFIED_SECONDS_MAX,
} from './messages/file-info.ts';
export {
	decodeFileInfoAck,
	encodeFileInfoAck,
	type FileInfoAck,
	FileInfoAckLayout,
} from './messages/file-info-ack.ts';
export {
	decodeFileSeg,
	encodeFileSeg,
	FILESEG_HEADER_BYTES,
	FILESEG_TFMCC_HEADER_BYTES,
	type FileSeg,
	FileSegLayout,
	fileSegDataOffset,
	writeFileSegHeader,
} from './messages/file-seg.ts';
export {
	decodeHbReq,
	decodeHbResp,
	encodeHbReq,
	encodeHbResp,
	type HbReq,
	HbReqLayout,
	type HbResp,
	HbRespLayout,
} from './messages/heartbeat.ts';
export {
	decodeKeyInfo,
	decodeKeyInfoAck,
	encodeKeyInfo,
	encodeKeyInfoAck,
	KEY_INFO_ITEM_BYTES,
	type KeyInfo,
	type KeyInfoAck,
	KeyInfoAckLayout,
	type KeyInfoItem,
	KeyInfoLayout,
	keyInfoItemsPerMessage,
	VERIFY_DATA_BYTES,
	WRAPPED_KEY_BYTES,
} from './messages/key-info.ts';
export {
	decodeKeyReq,
	decodeProxyKey,
	encodeKeyReq,
	encodeProxyKey,
	type KeyReq,
	KeyReqLayout,
	type ProxyKey,
	ProxyKeyLayout,
} from './messages/proxy-key.ts';
export { decodeRegConf, encodeRegConf, type RegConf, RegConfLayout } from './messages/reg-conf.ts';
export { decodeRegister, encodeRegister, type Register, RegisterLayout } from './messages/register.ts';
export { decodeStatus, encodeStatus, type Status, StatusLayout, statusBitmapBytes } from './messages/status.ts';
export {
	copyBytes,
	getU16,
	getU32,
	getU48,
	getU64,
	getU64Exact,
	setU16,
	setU32,
	setU48,
	setU64,
	setU64Exact,
} from './primitives.ts';
export {
	decodeGroupSize,
	decodeRate,
	decodeRtt,
	encodeGroupSize,
	encodeRate,
	encodeRtt,
	UNLIMITED_RATE_BYTES_PER_SECOND,
} from './quantize.ts';
export { escapeControls, shownText } from './shown-text.ts';
export { EMPTY_SPAN, type Span, spanBytes, spanOf } from './span.ts';
export { formatHexId, formatUid, isUid, parseUid, uidFromAddress, uidFromIPv4, uidFromIPv6 } from './uid.ts';
export { decodeUtf8, encodeUtf8, hasEscapedBytes } from './utf8.ts';
