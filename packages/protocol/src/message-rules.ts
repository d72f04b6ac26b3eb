/**
 * Which message may come to which node, and when: one table for all 21 messages. Senders and receivers admit messages
 * by it, and gathering proxies those of senders and the sealed answers of receivers; a server proxy opens nothing, and
 * forwards by group and origin. Names, origins and encryption of the messages stand in `MESSAGE_TRAITS` (wire); this adds the node, the phase
 * of its session, and the version of the protocol.
 */
import { MESSAGE_TRAITS, MessageType } from '@uftp/wire';
import type { DropReason } from './drop-reason.ts';

/**
 * The phases of a session at each kind of node. A gathering proxy has two sides: `proxyUp` takes what receivers send,
 * `proxyDown` what the sender sends; the two share their phases.
 */
export interface PhasesByRole {
	/** `opening`: between two files, while the shell opens the next one. */
	readonly sender: 'registering' | 'opening' | 'file' | 'completing' | 'ended';
	/** `unknown`: no session of this group is known; `ended`: one that is over is remembered. */
	readonly receiver: 'unknown' | 'registering' | 'active' | 'completing' | 'ended';
	/** `outside`: the message carries no group id. */
	readonly proxyUp: 'outside' | 'unknown' | 'open';
	readonly proxyDown: 'outside' | 'unknown' | 'open';
}

export type NodeRole = keyof PhasesByRole;

type PhaseSets = { readonly [Role in NodeRole]: readonly PhasesByRole[Role][] };

export interface MessageRule extends PhaseSets {
	/** Versions of the protocol that have the message. */
	readonly versions: readonly number[];
	/** The kind of session in which it has a meaning. */
	readonly sessions: 'any' | 'clear' | 'encrypted';
	/**
	 * Phases in which an encrypted session takes it in the clear although it is sealed otherwise: an ABORT of a node that
	 * has no group key yet. Whether that node has one, only its session knows.
	 */
	readonly clearInEncrypted: readonly string[];
}

/** UFTP 4.x. */
const V4 = [4] as const;

const NOWHERE = {
	versions: V4,
	sessions: 'any',
	clearInEncrypted: [],
	sender: [],
	receiver: [],
	proxyUp: [],
	proxyDown: [],
} as const satisfies MessageRule;

/** Answers about files: none is due before a file has been described. */
const FILE_ANSWER = { ...NOWHERE, sender: ['opening', 'file', 'completing'], proxyUp: ['open'] } as const;
/** From the sender to those that are in the session. */
const SENDERS = { ...NOWHERE, proxyDown: ['open'] } as const;

/** What may come where, by message number. */
export const MESSAGE_RULES: Readonly<Record<MessageType, MessageRule>> = {
	[MessageType.ANNOUNCE]: {
		...NOWHERE,
		receiver: ['unknown', 'registering', 'active', 'completing', 'ended'],
		proxyDown: ['unknown', 'open'],
	},
	// A receiver that has lost its response proxy, or missed its REG_CONF, registers again later.
	[MessageType.REGISTER]: {
		...NOWHERE,
		sender: ['registering', 'opening', 'file', 'completing'],
		proxyUp: ['open'],
	},
	[MessageType.CLIENT_KEY]: { ...NOWHERE, sessions: 'encrypted', sender: ['registering'], proxyUp: ['open'] },
	// In an encrypted session it is for proxies: KEYINFO tells receivers more.
	[MessageType.REG_CONF]: { ...SENDERS, receiver: ['registering', 'active', 'completing'] },
	[MessageType.KEYINFO]: { ...SENDERS, sessions: 'encrypted', receiver: ['registering', 'active', 'completing'] },
	[MessageType.KEYINFO_ACK]: {
		...NOWHERE,
		sessions: 'encrypted',
		sender: ['registering', 'opening', 'file', 'completing'],
		proxyUp: ['open'],
	},
	// To a receiver whose REG_CONF was lost it says the same; a repeat of a finished file's is answered to the end.
	[MessageType.FILEINFO]: { ...SENDERS, receiver: ['registering', 'active', 'completing', 'ended'] },
	[MessageType.FILEINFO_ACK]: FILE_ANSWER,
	[MessageType.FILESEG]: { ...SENDERS, receiver: ['registering', 'active', 'completing'] },
	[MessageType.DONE]: { ...SENDERS, receiver: ['active', 'completing', 'ended'] },
	[MessageType.STATUS]: FILE_ANSWER,
	[MessageType.COMPLETE]: FILE_ANSWER,
	// While this receiver is still active it is for others.
	[MessageType.DONE_CONF]: { ...SENDERS, receiver: ['active', 'completing'] },
	[MessageType.HB_REQ]: { ...NOWHERE, proxyUp: ['outside'] },
	[MessageType.HB_RESP]: { ...NOWHERE, proxyDown: ['outside'] },
	[MessageType.KEY_REQ]: { ...NOWHERE, proxyUp: ['outside'] },
	[MessageType.PROXY_KEY]: {
		...NOWHERE,
		receiver: ['unknown', 'registering', 'active', 'completing', 'ended'],
	},
	[MessageType.ENCRYPTED]: {
		...NOWHERE,
		sessions: 'encrypted',
		sender: ['registering', 'opening', 'file', 'completing'],
		receiver: ['registering', 'active', 'completing', 'ended'],
		proxyUp: ['open'],
		proxyDown: ['open'],
	},
	[MessageType.ABORT]: {
		...NOWHERE,
		clearInEncrypted: ['registering', 'open'],
		sender: ['registering', 'opening', 'file', 'completing'],
		receiver: ['registering', 'active', 'completing'],
		proxyUp: ['open'],
		proxyDown: ['open'],
	},
	[MessageType.CONG_CTRL]: { ...SENDERS, receiver: ['active', 'completing'] },
	[MessageType.CC_ACK]: FILE_ANSWER,
};

/**
 * Why a node of this role does not take the message `func` in this phase of its session; undefined if it does.
 * `isSealed`: it came inside ENCRYPTED. The reasons are looked for in this order: the version and the role, the
 * encryption, the phase.
 */
export function admission<Role extends NodeRole>(
	role: Role,
	phase: PhasesByRole[Role],
	func: MessageType,
	{ isSealed, isEncryptedSession, version = 4 }: SessionFacts,
): DropReason | undefined {
	const rule = MESSAGE_RULES[func];
	const phases: readonly string[] = rule[role];
	if (phases.length === 0 || !rule.versions.includes(version)) return 'wrong-role';
	const { encryption } = MESSAGE_TRAITS[func];
	if (isSealed) {
		if (!isEncryptedSession) return 'encrypted-in-clear-session';
		if (encryption !== 'session' && encryption !== 'either') return 'never-encrypted';
	}
	if (phase === 'unknown' && !phases.includes(phase)) return 'unknown-group';
	if (phase === 'outside' && !phases.includes(phase)) return 'no-group';
	if (!isEncryptedSession && encryption === 'envelope') return 'encrypted-in-clear-session';
	const isRefusedInClear =
		encryption === 'session' || (encryption === 'either' && !rule.clearInEncrypted.includes(phase));
	if (isEncryptedSession && !isSealed && isRefusedInClear) return 'clear-in-encrypted-session';
	if (!phases.includes(phase)) return phase === 'ended' ? 'session-over' : 'wrong-phase';
	if (rule.sessions === 'any') return undefined;
	return (rule.sessions === 'encrypted') === isEncryptedSession ? undefined : 'wrong-phase';
}

/** What admission depends on besides node, phase and message. */
export interface SessionFacts {
	readonly isSealed: boolean;
	readonly isEncryptedSession: boolean;
	/** Of the protocol; 4 by default. */
	readonly version?: number;
}
