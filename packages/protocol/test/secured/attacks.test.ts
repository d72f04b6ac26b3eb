import { SignatureType } from '@uftp/crypto';
import { encodeAbort, encodeCcAck, encodeCongCtrl, encodeRate, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { ScriptedSender } from '../scripted-sender.ts';
import { GROUP } from '../sender/scripted-receivers.ts';
import { SecuredMember } from './member.ts';
import {
	ALICE,
	ALICE_AT,
	BOB_AT,
	clearMessage,
	ECDSA_GCM,
	ECDSA_KEYEX,
	ecKey,
	isSealed,
	RSA_HMAC,
	receiverSecurity,
	SENDER_ID,
	SecuredPair,
	senderSecurity,
} from './pair.ts';

const SUITES = [
	['GCM', ECDSA_GCM],
	['CBC with HMAC', RSA_HMAC],
	['key-exchange signatures', ECDSA_KEYEX],
] as const;

const abortText = (message: string) => (bytes: Uint8Array, at: number) =>
	encodeAbort(bytes, at, { currentFileOnly: false, host: 0, message });

describe.each(SUITES)('packets of an encrypted session (%s)', (_name, suite) => {
	it('are dropped when any byte of them was changed, and taken as they were', () => {
		const pair = new SecuredPair({ security: senderSecurity({ suite }) }, [receiverSecurity()]);
		let changed = 0;
		pair.tamper = ({ toReceivers, bytes }) => {
			if (!isSealed(bytes)) return bytes;
			const step = suite.signature === SignatureType.KEYEX ? 13 : 1;
			for (let at = 0; at < bytes.length; at += step) {
				const forged = bytes.slice();
				forged[at] ^= 1 << (at % 8);
				if (toReceivers) expect(pair.give(0, forged), `byte ${at}`).toBe(false);
				else pair.giveSender(forged, ALICE_AT);
				changed++;
			}
			return bytes;
		};
		pair.run(5000);
		expect(changed).toBeGreaterThan(100);
		expect(pair.outcomes()).toEqual(['received']);
		expect(pair.hasFile()).toBe(true);
		expect(pair.receivers[0].node.counters['dropped.forged']).toBeGreaterThan(50);
		expect(pair.receiverKinds('fileEnded')).toHaveLength(1);
	});

	it('are taken once: who plays them back is not heard', () => {
		const pair = new SecuredPair({ security: senderSecurity({ suite }) }, [receiverSecurity()]);
		let replayed = 0;
		pair.tamper = ({ toReceivers, bytes }) => {
			for (const old of pair.transcript) {
				if (old.toReceivers !== toReceivers || !isSealed(old.bytes)) continue;
				if (toReceivers) expect(pair.give(0, old.bytes)).toBe(false);
				else pair.giveSender(old.bytes, ALICE_AT);
				replayed++;
			}
			return bytes;
		};
		pair.run(5000);
		expect(replayed).toBeGreaterThan(10);
		expect(pair.outcomes()).toEqual(['received']);
		const { counters } = pair.receivers[0].node;
		expect(counters['dropped.replayed']).toBeGreaterThan(5);
		expect(counters.blocksDuplicate).toBe(0);
		const drops = pair.senderKinds('dropped').map(({ reason }) => reason);
		expect(new Set(drops)).toEqual(new Set(['replayed']));
	});

	it('do not pass in another session of the same sender', () => {
		const security = senderSecurity({ suite });
		const [first, second] = [1, 2].map(() => new SecuredPair({ security }, [receiverSecurity()]));
		first.run(5000);
		second.tamper = (message) => {
			for (const old of first.transcript) {
				if (!isSealed(old.bytes) || old.toReceivers !== message.toReceivers) continue;
				if (old.toReceivers) expect(second.give(0, old.bytes)).toBe(false);
				else second.giveSender(old.bytes, ALICE_AT);
			}
			return message.bytes;
		};
		second.run(5000);
		expect(second.outcomes()).toEqual(['received']);
		expect(second.hasFile()).toBe(true);
		// A signature is the sender's in both sessions: there it is the group key that does not fit.
		const { counters } = second.receivers[0].node;
		const refused = (counters['dropped.forged'] ?? 0) + (counters['dropped.badly-padded'] ?? 0);
		expect(refused).toBeGreaterThan(0);
	});

	it('and their handshakes can be cut off at any length without harm', () => {
		const pair = new SecuredPair({ security: senderSecurity({ suite, clientAuth: true }) }, [receiverSecurity()]);
		pair.tamper = ({ toReceivers, bytes }) => {
			const step = bytes.length > 600 ? 41 : 7;
			for (let length = 0; length < bytes.length; length += step) {
				const cut = bytes.slice(0, length);
				if (toReceivers) pair.give(0, cut);
				else pair.giveSender(cut, ALICE_AT);
			}
			return bytes;
		};
		pair.run(5000);
		expect(pair.outcomes()).toEqual(['received']);
		expect(pair.hasFile()).toBe(true);
	});
});

describe('clear messages in an encrypted session', () => {
	it('are refused by the receiver, with one warning for each kind', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		const forger = new ScriptedSender({ groupId: GROUP, sourceId: SENDER_ID });
		let forged = 0;
		pair.tamper = ({ toReceivers, bytes }) => {
			if (!toReceivers || !isSealed(bytes)) return bytes;
			forged++;
			pair.give(0, forger.fileInfo({ ids: [ALICE], fileId: 1, size: 3000, name: 'evil' }));
			expect(pair.give(0, forger.block(1, 0, 0, new Uint8Array(1300)))).toBe(false);
			pair.give(0, forger.done(0, 0, [ALICE]));
			pair.give(0, forger.doneConf([ALICE]));
			pair.give(0, forger.abort('go away'));
			return bytes;
		};
		pair.run(5000);
		expect(pair.outcomes()).toEqual(['received']);
		expect(pair.hasFile()).toBe(true);
		expect(pair.receivers[0].node.counters['dropped.clear-in-encrypted-session']).toBeGreaterThanOrEqual(
			5 * (forged - 1),
		);
		const warnings = pair.receiverKinds('warning').map(({ message }) => message);
		expect(warnings).toHaveLength(5);
		expect(warnings[0]).toMatch(/^A clear FILEINFO in the encrypted session of 10\.0\.0\.1 was ignored/);
	});

	it('are refused by the sender, with one warning', () => {
		const pair = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		const complete = new Uint8Array([0x0c, 2, 0, 1, 0, 0, 0, 0]);
		pair.tamper = ({ toReceivers, bytes }) => {
			if (toReceivers || !isSealed(bytes)) return bytes;
			const say = (func: MessageType, encode: (to: Uint8Array, at: number) => number) =>
				pair.giveSender(clearMessage(func, ALICE, encode), ALICE_AT);
			say(MessageType.COMPLETE, (to, at) => {
				to.set(complete, at);
				return complete.length;
			});
			if (pair.session.progress.phase !== 'announce') say(MessageType.ABORT, abortText('I give up'));
			return bytes;
		};
		pair.run(5000);
		expect(pair.outcomes()).toEqual(['received']);
		expect(pair.senderKinds('receiverAborted')).toEqual([]);
		expect(pair.senderKinds('warning')).toHaveLength(1);
		expect(pair.senderKinds('fileCompletedBy')).toHaveLength(1);
	});

	it('may abort while there is no group key, on both sides', () => {
		const refusing = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		refusing.tamper = ({ toReceivers, bytes }) =>
			toReceivers ? bytes : clearMessage(MessageType.ABORT, ALICE, abortText('not today'));
		refusing.run(5000);
		expect(refusing.senderKinds('receiverAborted')).toMatchObject([{ receiverId: ALICE, reason: 'not today' }]);

		const stopped = new SecuredPair({ security: senderSecurity() }, [receiverSecurity()]);
		stopped.tamper = ({ toReceivers, bytes }) => (toReceivers ? bytes : undefined);
		stopped.run(20);
		stopped.give(0, clearMessage(MessageType.ABORT, SENDER_ID, abortText('stop')));
		stopped.run(0);
		expect(stopped.receiverKinds('sessionEnded')).toMatchObject([{ outcome: 'aborted' }]);
	});
});

describe('a member of the group', () => {
	function meet(suite = ECDSA_KEYEX) {
		const pair = new SecuredPair({ security: senderSecurity({ suite }), targets: [ALICE, ALICE + 1] }, [
			receiverSecurity(),
		]);
		// Alice is the pair's receiver, Bob is played by hand. Alice says nothing of the file.
		pair.tamper = ({ toReceivers, bytes }) =>
			!toReceivers && pair.senderKinds('fileStarted').length > 0 ? undefined : bytes;
		pair.run(1);
		const [announce] = pair.sent(MessageType.ANNOUNCE, true);
		const bob = new SecuredMember(ALICE + 1, ecKey(), suite, announce);
		pair.giveSender(bob.register(), BOB_AT);
		if (suite.signature === SignatureType.KEYEX) pair.giveSender(bob.clientKey(), BOB_AT);
		pair.run(200);
		const keyInfos = pair.sent(MessageType.KEYINFO, true);
		expect(keyInfos.some((keyInfo) => bob.takeGroupMaster(keyInfo, SENDER_ID))).toBe(true);
		return { pair, bob };
	}

	it('written out by hand is keyed, and its COMPLETE counts', () => {
		for (const suite of [ECDSA_KEYEX, ECDSA_GCM]) {
			const { pair, bob } = meet(suite);
			pair.giveSender(bob.keyInfoAck(suite.signature === SignatureType.KEYEX), BOB_AT);
			pair.run(100);
			expect(pair.senderKinds('keyed').map(({ receiverId }) => receiverId)).toContain(bob.id);
			pair.giveSender(bob.complete(1), BOB_AT);
			pair.run(0);
			expect(pair.senderKinds('fileCompletedBy').map(({ result }) => result.receiverId)).toEqual([bob.id]);
		}
	});

	it('cannot sign as another with key-exchange signatures', () => {
		const { pair, bob } = meet();
		pair.giveSender(bob.keyInfoAck(true), BOB_AT);
		pair.run(100);
		expect(pair.senderKinds('fileStarted')).toHaveLength(1);
		pair.giveSender(bob.complete(1, ALICE), ALICE_AT);
		pair.run(0);
		expect(pair.senderKinds('fileCompletedBy')).toEqual([]);
		expect(pair.senderKinds('dropped').map(({ reason }) => reason)).toContain('forged');
	});

	it('is not let in with verify data of another handshake, and is lost', () => {
		const { pair, bob } = meet(ECDSA_GCM);
		bob.handshake.rand2[31] ^= 1;
		pair.giveSender(bob.keyInfoAck(false), BOB_AT);
		pair.run(10_000);
		expect(pair.senderKinds('keyed').map(({ receiverId }) => receiverId)).toEqual([ALICE]);
		expect(pair.senderKinds('receiverLost')).toMatchObject([{ receiverId: bob.id }]);
		expect(pair.senderKinds('warning')[0].message).toMatch(/its KEYINFO_ACK does not fit the handshake/);
	});
});

describe('congestion control in an encrypted session', () => {
	it('believes neither a clear CC_ACK nor a clear CONG_CTRL', () => {
		const congestion = { kind: 'tfmcc', minBytesPerSecond: 0, maxBytesPerSecond: 1e6 } as const;
		const pair = new SecuredPair({ security: senderSecurity(), congestion }, [receiverSecurity()], 3_000_000);
		pair.run(400);
		const timestamp = { seconds: 1, microseconds: 0 };
		const tfmccAck = { flags: 2, ccSequence: 0, ccRateCode: encodeRate(1e9), clientId: ALICE, timestamp };
		const report = clearMessage(MessageType.CC_ACK, ALICE, (bytes, at) => encodeCcAck(bytes, at, { tfmccAck }));
		const before = pair.session.progress.rateBytesPerSecond;
		pair.giveSender(report, ALICE_AT);
		expect(pair.session.progress.rateBytesPerSecond).toBe(before);
		const control = { ccSequence: 9, ccRateCode: 0, timestamp, items: [] };
		pair.give(
			0,
			clearMessage(MessageType.CONG_CTRL, SENDER_ID, (bytes, at) => encodeCongCtrl(bytes, at, control)),
		);
		expect(pair.receivers[0].node.counters['dropped.clear-in-encrypted-session']).toBe(1);
		pair.run(20_000);
		const dropped = pair.senderEvents.filter((event) => event.kind === 'dropped').map(({ reason }) => reason);
		expect(dropped).toContain('clear-in-encrypted-session');
		expect(pair.outcomes()).toEqual(['received']);
	});
});
