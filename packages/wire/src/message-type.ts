/** Message numbers: the function byte of the common header and the first byte of the second header. */
export const MessageType = {
	ANNOUNCE: 1,
	REGISTER: 2,
	CLIENT_KEY: 3,
	REG_CONF: 4,
	KEYINFO: 5,
	KEYINFO_ACK: 6,
	FILEINFO: 7,
	FILEINFO_ACK: 8,
	FILESEG: 9,
	DONE: 10,
	STATUS: 11,
	COMPLETE: 12,
	DONE_CONF: 13,
	HB_REQ: 14,
	HB_RESP: 15,
	KEY_REQ: 16,
	PROXY_KEY: 17,
	ENCRYPTED: 18,
	ABORT: 19,
	CONG_CTRL: 20,
	CC_ACK: 21,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];
export type MessageName = keyof typeof MessageType;

/** Who puts a message on the wire under its own source id. Proxies also pass on what others sent. */
export type MessageOrigin = 'sender' | 'receiver' | 'proxy';

export interface MessageTraits {
	readonly name: MessageName;
	readonly origins: readonly MessageOrigin[];
	/**
	 * `never`: always clear. `session`: travels inside ENCRYPTED in every encrypted session. `either`: an ABORT, clear
	 * until the keys are agreed (and always when it comes from a proxy), encrypted afterwards. `envelope`: ENCRYPTED.
	 */
	readonly encryption: 'never' | 'session' | 'either' | 'envelope';
}

const SENDER = ['sender'] as const;
const RECEIVER = ['receiver', 'proxy'] as const;
const ALL = ['sender', 'receiver', 'proxy'] as const;

function traits(name: MessageName, origins: readonly MessageOrigin[], encryption: MessageTraits['encryption']) {
	return { name, origins, encryption };
}

/** What every message is, by number. */
export const MESSAGE_TRAITS: Readonly<Record<MessageType, MessageTraits>> = {
	[MessageType.ANNOUNCE]: traits('ANNOUNCE', SENDER, 'never'),
	[MessageType.REGISTER]: traits('REGISTER', RECEIVER, 'never'),
	[MessageType.CLIENT_KEY]: traits('CLIENT_KEY', RECEIVER, 'never'),
	[MessageType.REG_CONF]: traits('REG_CONF', SENDER, 'never'),
	// A proxy's KEYINFO to the clients behind it carries the sender's id.
	[MessageType.KEYINFO]: traits('KEYINFO', ['sender', 'proxy'], 'never'),
	[MessageType.KEYINFO_ACK]: traits('KEYINFO_ACK', RECEIVER, 'session'),
	[MessageType.FILEINFO]: traits('FILEINFO', SENDER, 'session'),
	[MessageType.FILEINFO_ACK]: traits('FILEINFO_ACK', RECEIVER, 'session'),
	[MessageType.FILESEG]: traits('FILESEG', SENDER, 'session'),
	[MessageType.DONE]: traits('DONE', SENDER, 'session'),
	[MessageType.STATUS]: traits('STATUS', RECEIVER, 'session'),
	[MessageType.COMPLETE]: traits('COMPLETE', RECEIVER, 'session'),
	[MessageType.DONE_CONF]: traits('DONE_CONF', SENDER, 'session'),
	[MessageType.HB_REQ]: traits('HB_REQ', RECEIVER, 'never'),
	[MessageType.HB_RESP]: traits('HB_RESP', ['proxy'], 'never'),
	[MessageType.KEY_REQ]: traits('KEY_REQ', RECEIVER, 'never'),
	[MessageType.PROXY_KEY]: traits('PROXY_KEY', ['proxy'], 'never'),
	[MessageType.ENCRYPTED]: traits('ENCRYPTED', ALL, 'envelope'),
	[MessageType.ABORT]: traits('ABORT', ALL, 'either'),
	[MessageType.CONG_CTRL]: traits('CONG_CTRL', SENDER, 'session'),
	[MessageType.CC_ACK]: traits('CC_ACK', ['receiver'], 'session'),
};

/** Whether a function byte is one of the 21 messages. */
export function isMessageType(value: number): value is MessageType {
	return value >= MessageType.ANNOUNCE && value <= MessageType.CC_ACK && Number.isInteger(value);
}

/** "FILESEG", or "function 77" for a number that is no message. For logs and dumps. */
export function messageName(value: number): string {
	return isMessageType(value) ? MESSAGE_TRAITS[value].name : `function ${value}`;
}
