/** All messages by number, for dumps, tests and whoever does not care which one it is. */
import { decodeEncrypted, type Encrypted, encodeEncrypted } from './encrypted.ts';
import { type CommonHeader, decodeHeader, HEADER_BYTES } from './header.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { isMessageType, MessageType } from './message-type.ts';
import { type Abort, decodeAbort, encodeAbort } from './messages/abort.ts';
import { type Announce, decodeAnnounce, encodeAnnounce } from './messages/announce.ts';
import { type CcAck, decodeCcAck, encodeCcAck } from './messages/cc-ack.ts';
import { type ClientKey, decodeClientKey, encodeClientKey } from './messages/client-key.ts';
import { type Complete, decodeComplete, encodeComplete } from './messages/complete.ts';
import { type CongCtrl, decodeCongCtrl, encodeCongCtrl } from './messages/cong-ctrl.ts';
import { type Done, decodeDone, encodeDone } from './messages/done.ts';
import { type DoneConf, decodeDoneConf, encodeDoneConf } from './messages/done-conf.ts';
import { decodeFileInfo, encodeFileInfo, type FileInfo } from './messages/file-info.ts';
import { decodeFileInfoAck, encodeFileInfoAck, type FileInfoAck } from './messages/file-info-ack.ts';
import { decodeFileSeg, encodeFileSeg, type FileSeg } from './messages/file-seg.ts';
import { decodeHbReq, decodeHbResp, encodeHbReq, encodeHbResp, type HbReq, type HbResp } from './messages/heartbeat.ts';
import {
	decodeKeyInfo,
	decodeKeyInfoAck,
	encodeKeyInfo,
	encodeKeyInfoAck,
	type KeyInfo,
	type KeyInfoAck,
} from './messages/key-info.ts';
import {
	decodeKeyReq,
	decodeProxyKey,
	encodeKeyReq,
	encodeProxyKey,
	type KeyReq,
	type ProxyKey,
} from './messages/proxy-key.ts';
import { decodeRegConf, encodeRegConf, type RegConf } from './messages/reg-conf.ts';
import { decodeRegister, encodeRegister, type Register } from './messages/register.ts';
import { decodeStatus, encodeStatus, type Status } from './messages/status.ts';

/** The object of each message, by number. */
export interface MessageByType {
	[MessageType.ANNOUNCE]: Announce;
	[MessageType.REGISTER]: Register;
	[MessageType.CLIENT_KEY]: ClientKey;
	[MessageType.REG_CONF]: RegConf;
	[MessageType.KEYINFO]: KeyInfo;
	[MessageType.KEYINFO_ACK]: KeyInfoAck;
	[MessageType.FILEINFO]: FileInfo;
	[MessageType.FILEINFO_ACK]: FileInfoAck;
	[MessageType.FILESEG]: FileSeg;
	[MessageType.DONE]: Done;
	[MessageType.STATUS]: Status;
	[MessageType.COMPLETE]: Complete;
	[MessageType.DONE_CONF]: DoneConf;
	[MessageType.HB_REQ]: HbReq;
	[MessageType.HB_RESP]: HbResp;
	[MessageType.KEY_REQ]: KeyReq;
	[MessageType.PROXY_KEY]: ProxyKey;
	[MessageType.ENCRYPTED]: Encrypted;
	[MessageType.ABORT]: Abort;
	[MessageType.CONG_CTRL]: CongCtrl;
	[MessageType.CC_ACK]: CcAck;
}

/** A message with its number; `func` tells which one it is. */
export type Message = { [T in MessageType]: { readonly func: T; readonly message: MessageByType[T] } }[MessageType];

interface Codec<T> {
	encode(bytes: Uint8Array, at: number, message: T): number;
	decode(bytes: Uint8Array, at: number, length: number): T | Malformed;
}

const CODECS: { readonly [T in MessageType]: Codec<MessageByType[T]> } = {
	[MessageType.ANNOUNCE]: { encode: encodeAnnounce, decode: decodeAnnounce },
	[MessageType.REGISTER]: { encode: encodeRegister, decode: decodeRegister },
	[MessageType.CLIENT_KEY]: { encode: encodeClientKey, decode: decodeClientKey },
	[MessageType.REG_CONF]: { encode: encodeRegConf, decode: decodeRegConf },
	[MessageType.KEYINFO]: { encode: encodeKeyInfo, decode: decodeKeyInfo },
	[MessageType.KEYINFO_ACK]: { encode: encodeKeyInfoAck, decode: decodeKeyInfoAck },
	[MessageType.FILEINFO]: { encode: encodeFileInfo, decode: decodeFileInfo },
	[MessageType.FILEINFO_ACK]: { encode: encodeFileInfoAck, decode: decodeFileInfoAck },
	[MessageType.FILESEG]: { encode: encodeFileSeg, decode: decodeFileSeg },
	[MessageType.DONE]: { encode: encodeDone, decode: decodeDone },
	[MessageType.STATUS]: { encode: encodeStatus, decode: decodeStatus },
	[MessageType.COMPLETE]: { encode: encodeComplete, decode: decodeComplete },
	[MessageType.DONE_CONF]: { encode: encodeDoneConf, decode: decodeDoneConf },
	[MessageType.HB_REQ]: { encode: encodeHbReq, decode: decodeHbReq },
	[MessageType.HB_RESP]: { encode: encodeHbResp, decode: decodeHbResp },
	[MessageType.KEY_REQ]: { encode: encodeKeyReq, decode: decodeKeyReq },
	[MessageType.PROXY_KEY]: { encode: encodeProxyKey, decode: decodeProxyKey },
	[MessageType.ENCRYPTED]: { encode: encodeEncrypted, decode: decodeEncrypted },
	[MessageType.ABORT]: { encode: encodeAbort, decode: decodeAbort },
	[MessageType.CONG_CTRL]: { encode: encodeCongCtrl, decode: decodeCongCtrl },
	[MessageType.CC_ACK]: { encode: encodeCcAck, decode: decodeCcAck },
};

/**
 * Decodes the message `func` from bytes[at .. at+length), the part after the 16-byte common header. `func` is the
 * function of the common header, or the first byte of a decrypted payload.
 */
export function decodeMessage(bytes: Uint8Array, at: number, length: number, func: number): Message | Malformed {
	if (!isMessageType(func)) return malformed('unknown-function');
	const message = CODECS[func].decode(bytes, at, length);
	return isMalformed(message) ? message : ({ func, message } as Message);
}

/** Writes the second header and body of any message at `at`; returns their length. */
export function encodeMessage(bytes: Uint8Array, at: number, { func, message }: Message): number {
	return (CODECS[func] as Codec<typeof message>).encode(bytes, at, message);
}

/** A whole datagram. */
export interface Datagram {
	header: CommonHeader;
	content: Message;
}

/** Decodes a whole datagram: common header and message. */
export function decodeDatagram(bytes: Uint8Array, at: number, length: number): Datagram | Malformed {
	const header = decodeHeader(bytes, at, length);
	if (isMalformed(header)) return header;
	const content = decodeMessage(bytes, at + HEADER_BYTES, length - HEADER_BYTES, header.func);
	return isMalformed(content) ? content : { header, content };
}
