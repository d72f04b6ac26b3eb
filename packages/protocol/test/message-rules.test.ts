import { MESSAGE_TRAITS, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS } from '../src/drop-reason.ts';
import { admission, MESSAGE_RULES, type NodeRole, type PhasesByRole } from '../src/message-rules.ts';

const PHASES = {
	sender: ['registering', 'opening', 'file', 'completing', 'ended'],
	receiver: ['unknown', 'registering', 'active', 'completing', 'ended'],
	proxyUp: ['outside', 'unknown', 'open'],
	proxyDown: ['outside', 'unknown', 'open'],
} as const satisfies { [Role in NodeRole]: readonly PhasesByRole[Role][] };
const ROLES = Object.keys(PHASES) as NodeRole[];
const MESSAGES = Object.values(MessageType);
/** How a message comes: in the clear to a clear session, in the clear to an encrypted one, sealed to an encrypted one. */
const FORMS = {
	clear: { isSealed: false, isEncryptedSession: false },
	exposed: { isSealed: false, isEncryptedSession: true },
	sealed: { isSealed: true, isEncryptedSession: true },
} as const;

/** Names of the messages that a node takes, in the order of their numbers. */
function taken(role: NodeRole, phase: string, form: keyof typeof FORMS): string {
	return MESSAGES.filter((func) => admission(role, phase as never, func, FORMS[form]) === undefined)
		.map((func) => MESSAGE_TRAITS[func].name)
		.join(' ');
}

const ANSWERS = 'FILEINFO_ACK STATUS COMPLETE';

describe('message rules', () => {
	it('let a sender take registrations and keys at first, and answers about files when one has been described', () => {
		expect(taken('sender', 'registering', 'clear')).toBe('REGISTER ABORT');
		expect(taken('sender', 'registering', 'exposed')).toBe('REGISTER CLIENT_KEY ENCRYPTED ABORT');
		expect(taken('sender', 'registering', 'sealed')).toBe('KEYINFO_ACK ABORT');
		for (const phase of ['opening', 'file', 'completing']) {
			expect(taken('sender', phase, 'clear')).toBe(`REGISTER ${ANSWERS} ABORT CC_ACK`);
			expect(taken('sender', phase, 'exposed')).toBe('REGISTER ENCRYPTED');
			expect(taken('sender', phase, 'sealed')).toBe(`KEYINFO_ACK ${ANSWERS} ABORT CC_ACK`);
		}
		for (const form of ['clear', 'exposed', 'sealed'] as const) expect(taken('sender', 'ended', form)).toBe('');
	});

	it('let a receiver take in the clear what is sent so in a clear session', () => {
		expect(taken('receiver', 'unknown', 'clear')).toBe('ANNOUNCE PROXY_KEY');
		expect(taken('receiver', 'registering', 'clear')).toBe('ANNOUNCE REG_CONF FILEINFO FILESEG PROXY_KEY ABORT');
		const rest = 'FILEINFO FILESEG DONE DONE_CONF PROXY_KEY ABORT CONG_CTRL';
		expect(taken('receiver', 'active', 'clear')).toBe(`ANNOUNCE REG_CONF ${rest}`);
		expect(taken('receiver', 'completing', 'clear')).toBe(`ANNOUNCE REG_CONF ${rest}`);
		expect(taken('receiver', 'ended', 'clear')).toBe('ANNOUNCE FILEINFO DONE PROXY_KEY');
	});

	it('let a receiver of an encrypted session take only what leads to the group key in the clear', () => {
		const keys = 'ANNOUNCE REG_CONF KEYINFO PROXY_KEY ENCRYPTED';
		expect(taken('receiver', 'registering', 'exposed')).toBe(`${keys} ABORT`);
		for (const phase of ['active', 'completing']) {
			expect(taken('receiver', phase, 'exposed')).toBe(keys);
			expect(taken('receiver', phase, 'sealed')).toBe('FILEINFO FILESEG DONE DONE_CONF ABORT CONG_CTRL');
		}
		expect(taken('receiver', 'ended', 'exposed')).toBe('ANNOUNCE PROXY_KEY ENCRYPTED');
		expect(taken('receiver', 'ended', 'sealed')).toBe('FILEINFO DONE');
	});

	it('let each side of a proxy take what comes from that side', () => {
		expect(taken('proxyUp', 'outside', 'clear')).toBe('HB_REQ KEY_REQ');
		expect(taken('proxyDown', 'outside', 'clear')).toBe('HB_RESP');
		expect(taken('proxyUp', 'unknown', 'clear')).toBe('');
		expect(taken('proxyDown', 'unknown', 'clear')).toBe('ANNOUNCE');
		expect(taken('proxyUp', 'open', 'clear')).toBe(`REGISTER ${ANSWERS} ABORT CC_ACK`);
		expect(taken('proxyUp', 'open', 'exposed')).toBe('REGISTER CLIENT_KEY ENCRYPTED ABORT');
		expect(taken('proxyUp', 'open', 'sealed')).toBe(`KEYINFO_ACK ${ANSWERS} ABORT CC_ACK`);
		const down = 'FILEINFO FILESEG DONE DONE_CONF';
		expect(taken('proxyDown', 'open', 'clear')).toBe(`ANNOUNCE REG_CONF ${down} ABORT CONG_CTRL`);
		expect(taken('proxyDown', 'open', 'exposed')).toBe('ANNOUNCE REG_CONF KEYINFO ENCRYPTED ABORT');
		expect(taken('proxyDown', 'open', 'sealed')).toBe(`${down} ABORT CONG_CTRL`);
	});

	it('agree with the traits of every message, for every node, phase and form', () => {
		for (const role of ROLES) {
			for (const phase of PHASES[role]) {
				for (const func of MESSAGES) {
					const { name, encryption, origins } = MESSAGE_TRAITS[func];
					const at = `${name} at ${role}, ${phase}`;
					const verdicts = Object.values(FORMS).map((form) => admission(role, phase as never, func, form));
					for (const verdict of verdicts) {
						expect(verdict === undefined || verdict in DROP_REASONS, `${at}: ${verdict}`).toBe(true);
					}
					const [clear, exposed, sealed] = verdicts;
					if (encryption === 'never' || encryption === 'envelope') expect(sealed, at).not.toBe(undefined);
					if (encryption === 'session') expect(exposed, at).not.toBe(undefined);
					if (encryption === 'envelope') expect(clear, at).not.toBe(undefined);
					const comesFrom = role === 'sender' || role === 'proxyUp' ? ['receiver'] : ['sender', 'proxy'];
					const isPossible = comesFrom.some((origin) => (origins as readonly string[]).includes(origin));
					if (!isPossible) expect(verdicts, at).toEqual(['wrong-role', 'wrong-role', 'wrong-role']);
					expect(admission(role, phase as never, func, { isSealed: true, isEncryptedSession: false }), at).not.toBe(
						undefined,
					);
				}
			}
		}
	});

	it('say why a message is not taken', () => {
		const { clear, exposed, sealed } = FORMS;
		expect(admission('receiver', 'active', MessageType.STATUS, clear)).toBe('wrong-role');
		expect(admission('receiver', 'unknown', MessageType.DONE, clear)).toBe('unknown-group');
		expect(admission('receiver', 'registering', MessageType.DONE, clear)).toBe('wrong-phase');
		expect(admission('receiver', 'ended', MessageType.ABORT, clear)).toBe('session-over');
		expect(admission('receiver', 'active', MessageType.DONE, exposed)).toBe('clear-in-encrypted-session');
		expect(admission('receiver', 'active', MessageType.REG_CONF, sealed)).toBe('never-encrypted');
		expect(admission('receiver', 'active', MessageType.ENCRYPTED, clear)).toBe('encrypted-in-clear-session');
		expect(admission('receiver', 'active', MessageType.KEYINFO, clear)).toBe('wrong-phase');
		expect(admission('proxyUp', 'outside', MessageType.STATUS, clear)).toBe('no-group');
		expect(admission('sender', 'file', MessageType.CLIENT_KEY, exposed)).toBe('wrong-phase');
	});

	it('know the versions that have a message: so far there is one', () => {
		for (const func of MESSAGES) {
			expect(MESSAGE_RULES[func].versions).toEqual([4]);
			for (const role of ROLES) {
				const facts = { isSealed: false, isEncryptedSession: false, version: 5 };
				expect(admission(role, PHASES[role][0] as never, func, facts)).toBe('wrong-role');
			}
		}
	});
});
