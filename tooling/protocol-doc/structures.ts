/** What docs/protocol.md, section 4, says about each structure: its layout is in packages/wire, the meaning of its fields here. */
import {
	AbortLayout,
	AnnounceLayout,
	CcAckLayout,
	ClientKeyLayout,
	CompleteLayout,
	CongCtrlItemLayout,
	CongCtrlLayout,
	DoneConfLayout,
	DoneLayout,
	EncInfoLayout,
	EncryptedLayout,
	FileInfoAckLayout,
	FileInfoLayout,
	FileSegLayout,
	FreeSpaceInfoLayout,
	HbReqLayout,
	HbRespLayout,
	KeyInfoAckLayout,
	KeyInfoLayout,
	KeyReqLayout,
	type LayoutPart,
	MessageType,
	ProxyKeyLayout,
	RegConfLayout,
	RegisterLayout,
	StatusLayout,
	TfmccAckInfoLayout,
	TfmccDataInfoLayout,
} from '@uftp/wire';

/** One structure of section 4. */
export interface Structure {
	readonly name: string;
	/** Undefined for extensions and list items. */
	readonly func: MessageType | undefined;
	readonly purpose: string;
	readonly parts: readonly LayoutPart[];
	/** Meanings of the fixed fields, by name; `func` and `headerWords` mean the same everywhere. */
	readonly notes: Readonly<Record<string, string>>;
	readonly labels: Readonly<Record<string, string>>;
	/** Parts of variable length behind the fixed ones, header and body. */
	readonly variable: readonly string[];
	/** What stands behind the header. */
	readonly body: string;
}

interface Described {
	readonly parts: readonly LayoutPart[];
	readonly fields: Readonly<Record<string, unknown>>;
}

type CommonField = 'func' | 'headerWords' | 'type' | 'words';
type Notes<L extends Described> = Readonly<Record<Exclude<keyof L['fields'], CommonField>, string>>;

interface Details {
	readonly labels?: Readonly<Record<string, string>>;
	readonly variable?: readonly string[];
	readonly body?: string;
}

function structure<L extends Described>(
	name: string,
	func: MessageType | undefined,
	purpose: string,
	layout: L,
	notes: Notes<L> & Readonly<Record<string, string>>,
	{ labels = {}, variable = [], body = 'None.' }: Details = {},
): Structure {
	return { name, func, purpose, parts: layout.parts, notes, labels, variable, body };
}

const IDS = 'ids of clients, 4 bytes each';
const ECHO = 'The timestamp that is answered, plus the time since it arrived (section 3.9).';
const FILE_ID = 'The file; 0 stands for the whole session.';

/** The messages in the order of their numbers: section 4.N is message N. */
export const MESSAGES: readonly Structure[] = [
	structure(
		'ANNOUNCE',
		MessageType.ANNOUNCE,
		'Opens a session.',
		AnnounceLayout,
		{
			flags: '0x01 sync mode; 0x02 preview of sync mode (sent together with 0x01); 0x04 the two addresses are IPv6.',
			robust: 'Robustness factor, 10 to 50: with the GRTT it sets the receivers’ timers.',
			ccType: 'Congestion control: 0 none, 2 TFMCC. 1 and 3 are reserved and never sent.',
			blockBytes: 'Bytes of a data block, 512 to 8800.',
			timestamp: 'When this ANNOUNCE was sent.',
		},
		{
			labels: { ccType: 'CC type', blockBytes: 'block size' },
			variable: [
				'public address, 4 or 16 bytes',
				'private address, 4 or 16 bytes',
				'ENC_INFO, in encrypted sessions (section 4.22)',
				IDS,
			],
			body:
				'The clients and proxies that are asked to register. An empty list announces an open group. ' +
				'In unicast mode both addresses are zero.',
		},
	),
	structure(
		'REGISTER',
		MessageType.REGISTER,
		'Answers an ANNOUNCE.',
		RegisterLayout,
		{
			keyInfoBytes: 'Bytes of the key info; 0 in a clear session.',
			timestamp: 'The timestamp of the first ANNOUNCE heard, plus the time since it arrived.',
			rand2:
				'Random number of the receiver. In a clear session UFTP 4.x sends zeros; section 14.1 says what is sent here.',
		},
		{
			variable: ['key info, zero-padded to whole words', IDS],
			body: 'Empty from receivers. A proxy lists the receivers that register through it.',
		},
	),
	structure(
		'CLIENT_KEY',
		MessageType.CLIENT_KEY,
		'Shows a receiver’s public key and proves that it holds the private one.',
		ClientKeyLayout,
		{
			publicKeyBytes: 'Bytes of the public key blob (section 11.2).',
			signatureBytes: 'Bytes of the signature (section 11.9).',
		},
		{ variable: ['public key blob', 'signature'] },
	),
	structure(
		'REG_CONF',
		MessageType.REG_CONF,
		'Confirms registrations.',
		RegConfLayout,
		{},
		{ variable: [IDS], body: 'The clients whose registration is confirmed, each once per REGISTER received.' },
	),
	structure(
		'KEYINFO',
		MessageType.KEYINFO,
		'Hands out the group master secret.',
		KeyInfoLayout,
		{ counter: 'IV counter of the sending node; one for all items.' },
		{
			labels: { counter: 'IV counter' },
			variable: ['items of 52 bytes: client id (4), wrapped group master (48)'],
			body: 'One item for each client: the group master encrypted with the session key of that client (section 11.7).',
		},
	),
	structure('KEYINFO_ACK', MessageType.KEYINFO_ACK, 'Proves that a receiver has the group master.', KeyInfoAckLayout, {
		verifyData: 'See section 11.10.',
	}),
	structure(
		'FILEINFO',
		MessageType.FILEINFO,
		'Describes the next file.',
		FileInfoLayout,
		{
			fileId: 'Counts from 1, skips 0 when it wraps. Every entry of a session has its own, also those without data.',
			type: '0 regular file, 1 empty directory, 2 symbolic link, 3 delete, 4 free space request.',
			permissionBits: '0 in UFTP 4.x; section 14.2 says what is sent here.',
			nameWords: 'Length of the name in words.',
			linkWords: 'Length of the link target in words; 0 unless the type is 2.',
			size: 'Bytes of a regular file; 0 for all other types.',
			timeHighBits: '0 in UFTP 4.x; section 14.2 says what is sent here.',
			modifiedSeconds:
				'Modification time in seconds since 1970, the low 32 bits; 0 for none. UFTP 4.x reads it as signed.',
			timestamp: 'When this FILEINFO was sent.',
		},
		{
			labels: { timeHighBits: 'high bits of the time', modifiedSeconds: 'modification time' },
			variable: ['name, zero-padded to whole words', 'link target, zero-padded to whole words', IDS],
			body:
				'The clients that have not answered yet. The header length must be exactly 28 bytes plus name and link: ' +
				'this message carries no extension.',
		},
	),
	structure(
		'FILEINFO_ACK',
		MessageType.FILEINFO_ACK,
		'Accepts a regular file.',
		FileInfoAckLayout,
		{
			fileId: 'The file that is accepted.',
			flags: '0x01 PARTIAL: part of the file is here from an earlier session.',
			timestamp: ECHO,
		},
		{ variable: [IDS], body: 'Empty from receivers. A proxy lists the receivers for which it answers.' },
	),
	structure(
		'FILESEG',
		MessageType.FILESEG,
		'Carries one block of a file.',
		FileSegLayout,
		{
			fileId: 'The file.',
			section: 'The section of the block.',
			block: 'The index of the block within its section.',
		},
		{
			variable: ['TFMCC_DATA_INFO, under TFMCC (section 4.23)', 'data'],
			body: 'A full block, or what is left for the last block of the file.',
		},
	),
	structure(
		'DONE',
		MessageType.DONE,
		'Ends a pass over a file, or the session.',
		DoneLayout,
		{ fileId: FILE_ID, section: 'The last section of the file; 0 for an empty file and for the session.' },
		{
			variable: [IDS],
			body: 'The clients that are asked to answer. It may be empty: the pass is over, and nobody is asked.',
		},
	),
	structure(
		'STATUS',
		MessageType.STATUS,
		'Reports the missing blocks of one section.',
		StatusLayout,
		{ fileId: 'The file.', section: 'The section that the bitmap is about.' },
		{
			variable: ['TFMCC_ACK_INFO, from UFTP 4.x under TFMCC (section 4.24)', 'bitmap of missing blocks'],
			body: 'The bitmap (section 8.5).',
		},
	),
	structure(
		'COMPLETE',
		MessageType.COMPLETE,
		'A receiver is finished with a file, or with the session.',
		CompleteLayout,
		{ fileId: FILE_ID, status: '0 normal, 1 skipped, 2 overwritten, 3 rejected. 0 for the session.' },
		{
			variable: ['FREESPACE_INFO, for a free space request (section 4.25)', IDS],
			body: 'Empty from receivers. A proxy lists the receivers for which it answers.',
		},
	),
	structure(
		'DONE_CONF',
		MessageType.DONE_CONF,
		'Confirms COMPLETEs for the session.',
		DoneConfLayout,
		{},
		{
			variable: [IDS],
			body: 'The clients that are confirmed. It starts behind the four fixed bytes, whatever the header length says.',
		},
	),
	structure(
		'HB_REQ',
		MessageType.HB_REQ,
		'Shows a proxy that another node is there, and from which address.',
		HbReqLayout,
		{
			publicKeyBytes: 'Bytes of the public key blob; 0 without authentication.',
			signatureBytes: 'Bytes of the signature; 0 without authentication.',
			nonce: 'The nonce that is signed; 0 without authentication.',
		},
		{ variable: ['public key blob', 'signature of the nonce'] },
	),
	structure('HB_RESP', MessageType.HB_RESP, 'Answers HB_REQ.', HbRespLayout, {
		result: '0 failed, 1 accepted, 2 challenge: sign the nonce and send HB_REQ again.',
		nonce: 'The nonce of a challenge; else 0.',
	}),
	structure('KEY_REQ', MessageType.KEY_REQ, 'Asks a response proxy for its PROXY_KEY.', KeyReqLayout, {}),
	structure(
		'PROXY_KEY',
		MessageType.PROXY_KEY,
		'Shows the keys of a response proxy.',
		ProxyKeyLayout,
		{
			publicKeyBytes: 'Bytes of the public key blob.',
			dhKeyBytes: 'Bytes of the Diffie-Hellman key blob; 0 if the proxy has none.',
			signatureBytes: 'Bytes of the signature.',
			nonce: 'Random; the only thing that the signature covers.',
		},
		{
			labels: { dhKeyBytes: 'Diffie-Hellman key bytes' },
			variable: ['public key blob', 'Diffie-Hellman key blob', 'signature of the nonce'],
		},
	),
	structure(
		'ENCRYPTED',
		MessageType.ENCRYPTED,
		'Carries another message encrypted. It has no function and header length bytes of its own.',
		EncryptedLayout,
		{
			counterHigh: 'IV counter, upper 32 bits (section 11.6).',
			counterLow: 'IV counter, lower 32 bits.',
			signatureBytes: 'Bytes of the signature; 0 with GCM and CCM.',
			payloadBytes: 'Bytes of the payload, padding or tag included.',
		},
		{
			labels: { counterHigh: 'IV counter, high', counterLow: 'IV counter, low' },
			variable: ['signature', 'payload: the second header and body of the message, encrypted'],
			body: 'Signature and payload fill the datagram exactly. See section 11.8.',
		},
	),
	structure(
		'ABORT',
		MessageType.ABORT,
		'Ends the session for one node, or for all.',
		AbortLayout,
		{
			flags: '0x01 CURRENT_FILE: with host 0, receivers between two files stay.',
			host: 'From a sender: the client that is meant, 0 for all. From a receiver: 0. From a proxy: the client that it speaks for, 0 for itself.',
		},
		{
			variable: ['text, 300 bytes, zero-padded'],
			body: 'None. The text belongs to the header, whose length is always 77 words. It is for people: there are no codes.',
		},
	),
	structure(
		'CONG_CTRL',
		MessageType.CONG_CTRL,
		'Tells the receivers about the sender’s congestion control round.',
		CongCtrlLayout,
		{
			ccSequence: 'Number of the feedback round.',
			ccRateCode: 'Receivers that can take more than this rate need not report (section 3.8).',
			timestamp: 'When this CONG_CTRL was sent.',
		},
		{
			labels: { ccSequence: 'CC sequence', ccRateCode: 'CC rate' },
			variable: ['items of 8 bytes (section 4.26)'],
			body: 'The items start behind the 16 fixed bytes, whatever the header length says.',
		},
	),
	structure(
		'CC_ACK',
		MessageType.CC_ACK,
		'A receiver’s congestion control report.',
		CcAckLayout,
		{},
		{ variable: ['TFMCC_ACK_INFO (section 4.24)'] },
	),
];

/** Extensions and list items: the sections after those of the messages. */
export const PARTS: readonly Structure[] = [
	structure(
		'ENC_INFO',
		undefined,
		'Extension 1, on ANNOUNCE: how the session is encrypted.',
		EncInfoLayout,
		{
			flags: '0x01: every receiver must send CLIENT_KEY.',
			keyExchangeAndSignature: 'Upper four bits: key exchange. Lower four bits: signature type (section 11.1).',
			keyType: 'Cipher (section 11.1).',
			hashType: 'Hash (section 11.1).',
			publicKeyBytes: 'Bytes of the public key blob.',
			dhKeyBytes: 'Bytes of the Diffie-Hellman key blob; 0 for key exchange RSA.',
			signatureBytes: 'Bytes of the signature; 0 for key exchange RSA.',
			rand1: 'Random number of the sender.',
		},
		{
			labels: { keyExchangeAndSignature: 'keyex | sig', dhKeyBytes: 'Diffie-Hellman key bytes' },
			variable: ['public key blob', 'Diffie-Hellman key blob', 'signature of the whole datagram'],
			body: 'The length of the extension must be exactly 44 bytes plus the three variable parts.',
		},
	),
	structure('TFMCC_DATA_INFO', undefined, 'Extension 2, on FILESEG.', TfmccDataInfoLayout, {
		sendRateCode: 'The rate at which the sender sends (section 3.8).',
		ccSequence: 'Number of the feedback round.',
		ccRateCode: 'As in CONG_CTRL.',
	}),
	structure('TFMCC_ACK_INFO', undefined, 'Extension 3, on CC_ACK and (UFTP 4.x) STATUS.', TfmccAckInfoLayout, {
		flags: '0x02 the receiver knows its round trip time; 0x04 it has lost nothing yet.',
		ccSequence: 'The feedback round that is answered.',
		ccRateCode: 'The rate that the receiver asks for.',
		clientId: 'The receiver.',
		timestamp: 'The newest timestamp from ANNOUNCE, FILEINFO or CONG_CTRL, plus the time since it arrived.',
	}),
	structure('FREESPACE_INFO', undefined, 'Extension 7, on COMPLETE.', FreeSpaceInfoLayout, {
		freeSpaceBytes: 'Bytes that are free in the destination directory.',
	}),
	structure('CONG_CTRL item', undefined, 'One receiver in a CONG_CTRL.', CongCtrlItemLayout, {
		clientId: 'The receiver.',
		flags: '0x01 it is the current limiting receiver; 0x02 the RTT is measured; 0x04 the sender is in slow start.',
		rttCode: 'Round trip time, encoded as the GRTT is (section 3.6).',
	}),
];
