import { type Backend, KeyExchange } from '@uftp/crypto';
import { encodeDone, encodeKeyInfo, MessageType, spanOf } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { NEWCOMERS_PER_SECOND } from '../../src/limits.ts';
import { ScriptedSender } from '../scripted-sender.ts';
import { GROUP } from '../sender/scripted-receivers.ts';
import { SecuredMember } from './member.ts';
import {
	ALICE,
	ALICE_AT,
	BOB_AT,
	backend,
	clearMessage,
	ECDSA_GCM,
	ecKey,
	functionOf,
	isSealed,
	RSA_HMAC,
	receiverSecurity,
	SENDER,
	SENDER_ID,
	SecuredPair,
	senderSecurity,
} from './pair.ts';

describe('a sender at its handshakes', () => {
	it('takes a CLIENT_KEY that overtakes its REGISTER', () => {
		const security = senderSecurity({ clientAuth: true });
		const pair = new SecuredPair({ security, targets: [ALICE] }, []);
		pair.run(1);
		const alice = new SecuredMember(ALICE, ecKey(), ECDSA_GCM, pair.sent(MessageType.ANNOUNCE, true)[0]);
		pair.giveSender(alice.clientKey(), ALICE_AT);
		pair.run(0);
		expect(pair.senderKinds('registered')).toEqual([]);
		pair.giveSender(alice.register(), ALICE_AT);
		pair.run(0);
		const [registered] = pair.senderKinds('registered');
		expect(registered.fingerprint).toEqual(alice.key.publicKey.fingerprint);
		expect(pair.sent(MessageType.KEYINFO, true)).toHaveLength(1);
	});

	it('hears two REGISTERs before the first CLIENT_KEY, as one may be lost and 4.10.2 dies of a CLIENT_KEY alone', () => {
		const pair = new SecuredPair({ security: senderSecurity({ clientAuth: true }) }, [receiverSecurity()]);
		let answers = 0;
		pair.tamper = ({ toReceivers, bytes }) => (!toReceivers && answers++ === 0 ? undefined : bytes);
		pair.run(5);
		const answered = pair.transcript.filter(({ toReceivers }) => !toReceivers).map(({ bytes }) => functionOf(bytes));
		const { REGISTER, CLIENT_KEY } = MessageType;
		expect(answered.slice(0, 3)).toEqual([REGISTER, REGISTER, CLIENT_KEY]);
		expect(pair.senderKinds('registered')).toHaveLength(1);
	});

	it('does not let a receiver in before its CLIENT_KEY is right, and not from another address', () => {
		const pair = new SecuredPair({ security: senderSecurity({ clientAuth: true }), targets: [ALICE] }, []);
		pair.run(1);
		const alice = new SecuredMember(ALICE, ecKey(), ECDSA_GCM, pair.sent(MessageType.ANNOUNCE, true)[0]);
		pair.giveSender(alice.register(), ALICE_AT);
		pair.giveSender(alice.clientKey(), BOB_AT);
		const forged = alice.clientKey();
		forged[forged.length - 20] ^= 1;
		pair.giveSender(forged, ALICE_AT);
		pair.run(10);
		expect(pair.senderKinds('registered')).toEqual([]);
		expect(pair.senderKinds('warning')[0].message).toMatch(/is not let in: its CLIENT_KEY is signed wrongly/);
		pair.giveSender(alice.clientKey(), ALICE_AT);
		pair.run(10);
		expect(pair.senderKinds('registered')).toHaveLength(1);
	});

	it('answers a premaster that does not decrypt as any other, so that nobody learns from it', () => {
		const pair = new SecuredPair({ security: senderSecurity({ suite: RSA_HMAC }), targets: [ALICE, ALICE + 1] }, []);
		pair.run(1);
		const [announce] = pair.sent(MessageType.ANNOUNCE, true);
		const good = new SecuredMember(ALICE, ecKey(), RSA_HMAC, announce);
		const bad = new SecuredMember(ALICE + 1, ecKey(), RSA_HMAC, announce);
		pair.giveSender(good.register(), ALICE_AT);
		const garbage = bad.keyInfo.slice();
		garbage[60] ^= 1;
		pair.giveSender(bad.register(garbage), BOB_AT);
		pair.run(0);
		expect(pair.senderKinds('registered')).toHaveLength(2);
		expect(pair.senderKinds('warning')).toEqual([]);
		const [keyInfo] = pair.sent(MessageType.KEYINFO, true);
		expect(good.takeGroupMaster(keyInfo, SENDER_ID)).toBe(true);
		expect(bad.takeGroupMaster(keyInfo, SENDER_ID)).toBe(false);
	});

	it('says what is wrong with a REGISTER without a key, or with one of the wrong kind', () => {
		const pair = new SecuredPair({ security: senderSecurity(), targets: [ALICE] }, []);
		pair.run(1);
		const alice = new SecuredMember(ALICE, ecKey(), ECDSA_GCM, pair.sent(MessageType.ANNOUNCE, true)[0]);
		pair.giveSender(alice.register(new Uint8Array(0)), ALICE_AT);
		pair.run(0);
		expect(pair.senderKinds('warning')[0].message).toBe(
			'receiver 0x0A000002 at 10.0.0.2 is refused: This session is encrypted, but the REGISTER brought no key',
		);
		expect(pair.senderKinds('registered')).toEqual([]);
	});

	it('spends no more than its allowance on a flood of REGISTERs, and stays small', () => {
		let agreements = 0;
		const ecPublic: Backend['ecPublic'] = (curve, point) => {
			agreements++;
			return backend.ecPublic(curve, point);
		};
		const counting: Backend = new Proxy(backend, {
			get: (target, name: keyof Backend) => {
				if (name === 'ecPublic') return ecPublic;
				const member = target[name];
				return typeof member === 'function' ? member.bind(target) : member;
			},
		});
		const security = senderSecurity({ clientAuth: true, backend: counting });
		const pair = new SecuredPair({ security, targets: [] }, []);
		pair.run(1);
		agreements = 0;
		const member = new SecuredMember(ALICE, ecKey(), ECDSA_GCM, pair.sent(MessageType.ANNOUNCE, true)[0]);
		const flood = member.register();
		for (let i = 0; i < 6000; i++) {
			flood[4] = 0x0b;
			flood[6] = i >> 8;
			flood[7] = i;
			pair.giveSender(flood, { host: '10.9.9.9', port: 1044 });
		}
		pair.run(0);
		expect(agreements).toBe(NEWCOMERS_PER_SECOND);
		expect(pair.senderKinds('dropped')[0].reason).toBe('too-many-registers');
		expect(pair.senderKinds('registered')).toEqual([]);
		expect(pair.session.progress.receivers).toEqual([]);
	});
});

describe('a receiver at its handshakes', () => {
	const fingerprintOf = (security: ReturnType<typeof senderSecurity>) => security.key.publicKey.fingerprint;

	it('is not stopped by forged KEYINFOs: the right one replaces what does not prove right', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		let forged = 0;
		pair.tamper = ({ toReceivers, bytes }) => {
			if (!toReceivers || functionOf(bytes) !== MessageType.KEYINFO) return bytes;
			// One in 256 looks well padded.
			for (; forged < 4000; forged++) {
				const wrappedKey = spanOf(crypto.getRandomValues(new Uint8Array(48)));
				const message = { counter: 7n, items: [{ clientId: ALICE, wrappedKey }] };
				pair.give(
					0,
					clearMessage(MessageType.KEYINFO, SENDER_ID, (to, at) => encodeKeyInfo(to, at, message)),
				);
			}
			return bytes;
		};
		pair.run(5000);
		expect(pair.outcomes()).toEqual(['received']);
	});

	it('with -E or a listed fingerprint does not take the session with its ENC_INFO stripped', () => {
		const security = senderSecurity();
		const listed = { senderId: SENDER_ID, fingerprint: fingerprintOf(security) };
		for (const own of [{ encryptedOnly: true }, { senders: [listed] }]) {
			const pair = new SecuredPair({ security }, [receiverSecurity(own)]);
			const forger = new ScriptedSender({ groupId: GROUP, sourceId: SENDER_ID });
			pair.tamper = ({ toReceivers, bytes }) => (toReceivers ? forger.announce({ ids: [ALICE] }) : bytes);
			pair.run(100);
			expect(pair.receiverKinds('sessionStarted')).toEqual([]);
			expect(pair.receiverKinds('announceIgnored')[0].reason).toMatch(/^No unencrypted transfers allowed/);
		}
	});

	it('notices a key blob that was swapped in the ANNOUNCE', () => {
		const security = senderSecurity();
		const pair = new SecuredPair({ security }, [receiverSecurity()]);
		const { blob } = security.key.publicKey;
		const other = ecKey().publicKey.blob;
		pair.tamper = ({ toReceivers, bytes }) => {
			if (!toReceivers) return bytes;
			const swapped = bytes.slice();
			const at = Buffer.from(bytes).indexOf(Buffer.from(blob));
			if (at >= 0) swapped.set(other, at);
			return swapped;
		};
		pair.run(100);
		expect(pair.receiverKinds('sessionStarted')).toEqual([]);
		expect(pair.receiverKinds('announceIgnored')[0].reason).toMatch(/not signed with the key that it shows/);
		// Nobody knows who forged it: nobody is answered.
		expect(pair.transcript.filter(({ toReceivers }) => !toReceivers)).toEqual([]);
	});

	it.each([
		['RSA', RSA_HMAC],
		['ECDSA', ECDSA_GCM],
	] as const)('takes a sender with a listed fingerprint, and no other key (%s)', (_name, suite) => {
		const security = senderSecurity({ suite });
		const listed = { senderId: SENDER_ID, address: SENDER.host, fingerprint: fingerprintOf(security) };
		const known = new SecuredPair({ security }, [receiverSecurity({ senders: [listed] })]);
		known.run(5000);
		expect(known.outcomes()).toEqual(['received']);
		expect(known.receiverKinds('sessionStarted')[0].security).toMatchObject({ isPinned: true });

		const wrong = { ...listed, fingerprint: ecKey().publicKey.fingerprint };
		const unknown = new SecuredPair({ security }, [receiverSecurity({ senders: [wrong] })]);
		unknown.run(5000);
		expect(unknown.outcomes()).toEqual(['aborted']);
		expect(unknown.receiverKinds('announceIgnored')[0].reason).toMatch(
			/^The sender's key is .*, this receiver's list has /,
		);
	});

	it('refuses senders that are not in its list, in the clear, too, and listed ones from another address', () => {
		const elsewhere = { senderId: SENDER_ID, address: '10.0.0.99' };
		const cases = [
			[[], /^Sender 0x0A000001 at 10\.0\.0\.1 is not in this receiver's list$/],
			[[elsewhere], /not in this receiver's list: it has the UID at another address$/],
		] as const;
		for (const [senders, reason] of cases) {
			for (const security of [undefined, senderSecurity()]) {
				const pair = new SecuredPair({ security }, [receiverSecurity({ senders })]);
				pair.run(3000);
				expect(pair.outcomes()).toEqual(['aborted']);
				expect(pair.receiverKinds('announceIgnored')[0].reason).toMatch(reason);
			}
		}
	});

	it('joins source-specific groups only, for the sender, when it is told so', () => {
		const source = { senders: [{ senderId: SENDER_ID, address: SENDER.host }], sourceSpecific: true };
		const any = new SecuredPair({}, [receiverSecurity(source)]);
		any.run(3000);
		expect(any.receiverKinds('announceIgnored')[0].reason).toMatch(/^Invalid multicast address/);
		const privateEndpoint = { host: '232.5.5.5', port: 1044 };
		const specific = new SecuredPair({ privateEndpoint }, [receiverSecurity(source)]);
		specific.run(5000);
		expect(specific.outcomes()).toEqual(['received']);
		expect(specific.receiverKinds('sessionStarted')[0].source).toBe(SENDER.host);
	});

	it('does not let a clear or foreign restart end an encrypted session', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		const forger = new ScriptedSender({ groupId: GROUP, sourceId: SENDER_ID });
		forger.groupInstance = 1;
		const foreign = new SecuredPair({ security: senderSecurity(), groupInstance: 1 }, [receiverSecurity()]);
		foreign.run(0);
		pair.tamper = ({ toReceivers, bytes }) => {
			const isOver = pair.receivers[0].node.sessionCount === 0;
			if (!toReceivers || !isSealed(bytes) || isOver) return bytes;
			pair.give(0, forger.announce({ ids: [ALICE] }));
			pair.give(0, foreign.sent(MessageType.ANNOUNCE, true)[0]);
			return bytes;
		};
		pair.run(5000);
		expect(pair.outcomes()).toEqual(['received']);
		expect(pair.receiverKinds('sessionStarted')).toHaveLength(1);
	});

	it('says COMPLETE again, sealed, to a sender that asks after the end', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		let lost = 0;
		pair.tamper = ({ toReceivers, bytes }) => {
			const isOver = pair.receiverKinds('fileEnded').length > 0;
			if (toReceivers || !isOver || lost >= 3) return bytes;
			lost++;
			return undefined;
		};
		pair.run(10_000);
		expect(lost).toBe(3);
		expect(pair.outcomes()).toEqual(['received']);
	});
});

describe('what the two sides use', () => {
	it('never repeats an IV, and is not likely to in any other run either', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		pair.run(5000);
		const ivs = pair.transcript
			.filter(({ bytes }) => isSealed(bytes) || functionOf(bytes) === MessageType.KEYINFO)
			.map(({ bytes }) => {
				const at = isSealed(bytes) ? 16 : 20;
				return `${bytes.slice(4, 8).toHex()} ${bytes.slice(at, at + 8).toHex()}`;
			});
		expect(ivs.length).toBeGreaterThan(8);
		expect(new Set(ivs).size).toBe(ivs.length);
		// Counters start at random places: nodes with one id, and one node twice in a session, never meet.
		for (const id of ['0a000001', '0a000002']) {
			const first = ivs.find((iv) => iv.startsWith(id))!;
			expect(Number.parseInt(first.slice(9), 16)).toBeGreaterThan(2 ** 24);
		}
	});

	it('shows the mark of our receivers to the sender, which then knows whom it may wait for', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		pair.run(5000);
		expect(pair.senderKinds('registered')[0]).toMatchObject({ receiverId: ALICE, isOurs: true });
	});

	it('refuses settings that do not go together with a sentence that says what to do', () => {
		const wrongKind = senderSecurity({ suite: RSA_HMAC, key: ecKey() });
		expect(() => new SecuredPair({ security: wrongKind }, [])).toThrow(/needs an RSA key/);
		expect(RSA_HMAC.keyExchange).toBe(KeyExchange.RSA);
		const large = { security: senderSecurity(), blockBytes: 8960 };
		expect(() => new SecuredPair(large, [])).toThrow(/use smaller blocks/);
	});

	it('keeps DONEs apart: a sealed one of the sender is answered, a forged clear one is not', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		pair.run(5000);
		const answers = pair.transcript.filter(({ toReceivers }) => !toReceivers).length;
		const done = { fileId: 0, section: 0, ids: [ALICE] };
		pair.give(
			0,
			clearMessage(MessageType.DONE, SENDER_ID, (to, at) => encodeDone(to, at, done)),
		);
		pair.run(100);
		expect(pair.transcript.filter(({ toReceivers }) => !toReceivers)).toHaveLength(answers);
	});
});
