import type { PrivateKey } from '@uftp/crypto';
import {
	decodeAnnounce,
	decodeKeyInfo,
	decodeRegConf,
	encodeAbort,
	encodeComplete,
	encodeFileInfoAck,
	encodeRegister,
	HEADER_BYTES,
	isMalformed,
	MessageType,
	spanOf,
	type Timestamp,
} from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { SenderConfig } from '../../../src/index.ts';
import { writeOwnMarker } from '../../../src/shared/own-marker.ts';
import { SecuredMember } from '../../secured/member.ts';
import {
	clearMessage,
	ECDSA_GCM,
	ECDSA_KEYEX,
	ecKey,
	RSA_HMAC,
	rsaKey,
	SENDER_ID,
	SecuredPair,
	senderSecurity,
} from '../../secured/pair.ts';
import { ALICE, BOB, OTHER, PROXY } from './scripted-proxies.ts';

const PROXY_AT = { host: '10.0.0.241', port: 1044 };
const ELSEWHERE = { host: '10.0.0.242', port: 1044 };
type Suite = typeof ECDSA_GCM;

/** A sender whose receivers are behind a proxy that the test plays, with the first ANNOUNCE at hand. */
class Scene {
	readonly pair: SecuredPair;
	readonly proxy: SecuredMember;
	readonly announce: Uint8Array;
	readonly #suite: Suite;

	constructor(suite: Suite, changes: Partial<SenderConfig> = {}, key: PrivateKey = keyFor(suite)) {
		this.#suite = suite;
		const lists = { targets: [ALICE, BOB], proxies: [PROXY, OTHER], security: senderSecurity({ suite }) };
		this.pair = new SecuredPair({ ...lists, ...changes }, []);
		this.pair.run(1);
		[this.announce] = this.pair.sent(MessageType.ANNOUNCE, true);
		this.proxy = new SecuredMember(PROXY, key, suite, this.announce);
	}

	/** Says something from the proxy's address, or another one. */
	say(datagram: Uint8Array, from = PROXY_AT): void {
		this.pair.giveSender(datagram, from);
		this.pair.run(1);
	}

	register(ids: readonly number[], isMarked = false): void {
		const { keyInfo, handshake } = this.proxy;
		const message = { timestamp: this.#timestamp(), rand2: handshake.rand2, keyInfo: spanOf(keyInfo), ids };
		if (isMarked) writeOwnMarker(handshake.rand2, [3, 4]);
		const { bytes } = this.proxy.datagram(2, HEADER_BYTES, (room, at) => encodeRegister(room, at, message));
		this.say(bytes);
	}

	#timestamp(): Timestamp {
		const message = decodeAnnounce(this.announce.slice(), HEADER_BYTES, this.announce.length - HEADER_BYTES);
		if (isMalformed(message)) throw new Error(message.malformed);
		return message.timestamp;
	}

	/** The proxy takes the group key, and says so. */
	takeKey(showsKey = false): void {
		this.pair.run(10);
		const keyInfo = this.pair.sent(MessageType.KEYINFO, true).at(-1);
		if (keyInfo === undefined || !this.proxy.takeGroupMaster(keyInfo, SENDER_ID))
			throw new Error('no key for the proxy');
		this.say(this.proxy.keyInfoAck(showsKey));
	}

	/** A receiver behind it: it has the group key and, where packets are signed, a key of its own. */
	receiver(id: number): SecuredMember {
		const member = new SecuredMember(id, keyFor(this.#suite), this.#suite, this.announce);
		member.groupMaster = this.proxy.groupMaster;
		// The group's keys come from rand1, which is the same for all.
		return member;
	}

	answer(func: MessageType, encode: (bytes: Uint8Array, at: number) => number, from = PROXY_AT): void {
		this.say(this.proxy.seal(func, encode), from);
	}

	acknowledge(ids: readonly number[]): void {
		const message = { fileId: 1, partial: false, timestamp: this.#timestamp(), ids };
		this.answer(MessageType.FILEINFO_ACK, (bytes, at) => encodeFileInfoAck(bytes, at, message));
	}

	complete(fileId: number, ids: readonly number[]): void {
		this.answer(MessageType.COMPLETE, (bytes, at) => encodeComplete(bytes, at, { fileId, status: 0, ids }));
	}

	confirmed(): number[][] {
		return this.pair.sent(MessageType.REG_CONF, true).map((bytes) => {
			const message = decodeRegConf(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
			if (isMalformed(message)) throw new Error(message.malformed);
			return [...message.ids];
		});
	}

	keyed(): number[] {
		return this.pair.sent(MessageType.KEYINFO, true).flatMap((bytes) => {
			const message = decodeKeyInfo(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
			if (isMalformed(message)) throw new Error(message.malformed);
			return message.items.map(({ clientId }) => clientId);
		});
	}
}

function keyFor(suite: Suite): PrivateKey {
	return suite === RSA_HMAC ? rsaKey() : ecKey();
}

/** Up to the transfer of the file. */
function inTransfer(suite: Suite, isMarked = false): Scene {
	const scene = new Scene(suite);
	scene.register([ALICE, BOB], isMarked);
	if (suite === ECDSA_KEYEX) scene.say(scene.proxy.clientKey());
	scene.takeKey(suite === ECDSA_KEYEX);
	scene.pair.run(80);
	scene.acknowledge([ALICE, BOB]);
	scene.pair.run(10);
	return scene;
}

describe.each([
	['ECDH_ECDSA with GCM', ECDSA_GCM],
	['RSA with HMAC', RSA_HMAC],
	['key-exchange signatures', ECDSA_KEYEX],
])('an encrypted session through a proxy, %s', (_, suite) => {
	it('gives the group key to the proxy only, confirms its receivers when it has it, and completes', () => {
		const scene = new Scene(suite);
		scene.register([ALICE, BOB]);
		if (suite === ECDSA_KEYEX) scene.say(scene.proxy.clientKey());
		scene.pair.run(5);
		expect(scene.confirmed()).toEqual([]);
		scene.takeKey(suite === ECDSA_KEYEX);
		expect(new Set(scene.keyed())).toEqual(new Set([PROXY]));
		expect(scene.confirmed()).toEqual([[ALICE, BOB]]);
		expect(scene.pair.senderKinds('proxyKeyed')).toMatchObject([{ proxyId: PROXY }]);
		scene.pair.run(80);
		scene.acknowledge([ALICE, BOB]);
		scene.pair.run(10);
		scene.complete(1, [ALICE, BOB]);
		scene.complete(0, [ALICE, BOB]);
		scene.pair.run(1000);
		expect(scene.pair.outcomes()).toEqual(['received', 'received']);
	});

	it('goes on at once when the last receiver comes behind a proxy that has the group key already', () => {
		const scene = new Scene(suite);
		scene.register([ALICE]);
		if (suite === ECDSA_KEYEX) scene.say(scene.proxy.clientKey());
		scene.takeKey(suite === ECDSA_KEYEX);
		scene.register([BOB]);
		scene.pair.run(80);
		expect(scene.confirmed()).toEqual([[ALICE], [BOB]]);
		expect(scene.pair.senderKinds('registrationEnded')).toMatchObject([{ registered: [ALICE, BOB] }]);
	});

	it('waits while a receiver behind a proxy of 4.x registers again, as it has no key yet and would get none later', () => {
		const scene = new Scene(suite);
		scene.register([ALICE, BOB]);
		if (suite === ECDSA_KEYEX) scene.say(scene.proxy.clientKey());
		scene.takeKey(suite === ECDSA_KEYEX);
		for (let i = 0; i < 3; i++) {
			scene.pair.run(42);
			scene.register([BOB]);
			expect(scene.pair.senderKinds('registrationEnded')).toEqual([]);
		}
		scene.pair.run(140);
		expect(scene.confirmed()).toEqual([[ALICE, BOB], [BOB], [BOB], [BOB]]);
		expect(scene.pair.senderKinds('registrationEnded')).toMatchObject([{ registered: [ALICE, BOB] }]);
	});

	it('takes what a receiver says itself through its proxy once, by the key of the proxy where packets are signed', () => {
		const scene = inTransfer(suite);
		const signer = suite === ECDSA_KEYEX ? scene.proxy : scene.receiver(ALICE);
		const passedOn = signer.complete(1, ALICE);
		scene.say(passedOn);
		expect(scene.pair.senderKinds('fileCompletedBy')).toMatchObject([{ result: { receiverId: ALICE } }]);
		scene.say(passedOn);
		expect(scene.pair.senderKinds('dropped').at(-1)?.reason).toMatch(/replayed/);
	});

	it('ignores a clear ABORT of the proxy once there are keys, and believes a sealed one', () => {
		const scene = inTransfer(suite);
		const message = { currentFileOnly: false, host: ALICE, message: 'Transfer timed out' };
		const encode = (bytes: Uint8Array, at: number) => encodeAbort(bytes, at, message);
		scene.say(clearMessage(MessageType.ABORT, PROXY, encode));
		expect(scene.pair.senderKinds('receiverAborted')).toEqual([]);
		expect(scene.pair.senderKinds('warning').at(-1)?.message).toMatch(/proxies of 4.x do not seal it/);
		scene.answer(MessageType.ABORT, encode);
		expect(scene.pair.senderKinds('receiverAborted')).toMatchObject([{ receiverId: ALICE }]);
	});

	it('says of a receiver that it lost what its proxy said of it in the clear, and that this proves nothing', () => {
		const scene = inTransfer(suite);
		const message = { currentFileOnly: false, host: ALICE, message: 'Not enough disk space' };
		scene.say(clearMessage(MessageType.ABORT, PROXY, (bytes, at) => encodeAbort(bytes, at, message)));
		scene.pair.run(60_000);
		const lost = scene.pair.senderKinds('receiverLost').filter(({ receiverId }) => receiverId === ALICE);
		expect(lost).toMatchObject([{ reason: expect.stringMatching(/without proof.*: Not enough disk space$/) }]);
	});

	it('loses those whose proxy never takes the key, and says so', () => {
		const scene = new Scene(suite);
		scene.register([ALICE, BOB]);
		if (suite === ECDSA_KEYEX) scene.say(scene.proxy.clientKey());
		scene.pair.run(30_000);
		expect(scene.pair.senderKinds('receiverLost')).toMatchObject([
			{ receiverId: ALICE, reason: 'no valid answer of its proxy 0x0A0000F1 to KEYINFO' },
			{ receiverId: BOB },
		]);
		expect(scene.pair.session.end?.failure?.code).toBe('nobodyRegistered');
	});
});

describe('the key of a proxy', () => {
	it('must be shown before its receivers are let in, where receivers must show theirs', () => {
		const scene = new Scene(ECDSA_GCM, { security: senderSecurity({ clientAuth: true }) });
		scene.register([ALICE, BOB]);
		expect(scene.pair.senderKinds('registered')).toEqual([]);
		scene.say(scene.proxy.clientKey());
		expect(scene.pair.senderKinds('proxyRegistered')[0].fingerprint).toEqual(scene.proxy.key.publicKey.fingerprint);
		expect(scene.pair.senderKinds('registered').map(({ receiverId }) => receiverId)).toEqual([ALICE, BOB]);
	});

	it('must be the one of the list', () => {
		const fingerprints = new Map([[PROXY, new Uint8Array(20)]]);
		const scene = new Scene(ECDSA_GCM, { security: senderSecurity({ fingerprints }) });
		scene.register([ALICE, BOB]);
		scene.say(scene.proxy.clientKey());
		scene.pair.run(10);
		expect(scene.pair.senderKinds('proxyRegistered')).toEqual([]);
		expect(scene.keyed()).toEqual([]);
		expect(scene.pair.senderKinds('warning')[0].message).toMatch(/the list has 00:00/);
	});

	it('must be the one that was named when it became known while the session is announced', () => {
		const key = ecKey();
		for (const [print, isIn] of [
			[new Uint8Array(20), false],
			[key.publicKey.fingerprint, true],
		] as const) {
			const scene = new Scene(ECDSA_GCM, { proxies: [], security: senderSecurity({ clientAuth: true }) }, key);
			scene.pair.session.expectProxy(scene.pair.now, PROXY, print);
			scene.register([ALICE, BOB]);
			scene.say(scene.proxy.clientKey());
			scene.pair.run(10);
			expect(scene.pair.senderKinds('proxyRegistered')).toHaveLength(isIn ? 1 : 0);
		}
	});

	it('stands for those of its receivers if it is listed, with a warning; else those with a listed key are refused', () => {
		const fingerprints = new Map([[ALICE, new Uint8Array(20)]]);
		const security = senderSecurity({ fingerprints });
		for (const isListed of [true, false]) {
			const scene = new Scene(ECDSA_GCM, isListed ? { security } : { security, targets: [], proxies: [] });
			scene.register([ALICE, BOB]);
			scene.say(scene.proxy.clientKey());
			const ids = scene.pair.senderKinds('registered').map(({ receiverId }) => receiverId);
			expect(ids).toEqual(isListed ? [ALICE, BOB] : [BOB]);
			expect(scene.pair.senderKinds('warning')).toHaveLength(1);
			expect(scene.pair.senderKinds('warning')[0].message).toMatch(
				/key of receiver 0x0A000002 behind proxy 0x0A0000F1/,
			);
		}
	});
});

describe('a proxy that is gone from an encrypted session', () => {
	it.each([
		['GCM', ECDSA_GCM],
		['HMAC', RSA_HMAC],
	])(
		'lets its receivers answer through another one, which passes on what they say as it stands, with %s',
		(_, suite) => {
			const scene = inTransfer(suite, true);
			const [alice, bob] = [scene.receiver(ALICE), scene.receiver(BOB)];
			scene.pair.run(6000);
			expect(scene.pair.senderKinds('receiverLost')).toEqual([]);
			for (const fileId of [1, 0]) {
				scene.say(alice.complete(fileId), ELSEWHERE);
				scene.say(bob.complete(fileId), ELSEWHERE);
				scene.pair.run(1500);
			}
			expect(scene.pair.senderKinds('receiverMoved')).toMatchObject([
				{ receiverId: ALICE, fromProxyId: PROXY, address: ELSEWHERE },
				{ receiverId: BOB },
			]);
			expect(scene.pair.outcomes()).toEqual(['received', 'received']);
		},
	);

	it('costs its receivers the session with key-exchange signatures, as nobody can vouch for them', () => {
		const scene = inTransfer(ECDSA_KEYEX, true);
		scene.pair.run(300);
		scene.say(scene.receiver(ALICE).complete(1), ELSEWHERE);
		expect(scene.pair.senderKinds('dropped').at(-1)?.reason).toMatch(/forged/);
		scene.pair.run(10_000);
		expect(scene.pair.session.end?.results).toMatchObject([
			{ outcome: 'lost', reason: 'its proxy 0x0A0000F1 does not answer' },
			{ outcome: 'lost' },
		]);
	});

	it('costs receivers of C the session soon, if it was one of C', () => {
		const scene = inTransfer(ECDSA_GCM);
		scene.pair.run(3000);
		expect(scene.pair.outcomes()).toEqual(['lost', 'lost']);
	});
});

describe('a clear ABORT of a proxy while receivers register', () => {
	it('is believed for a receiver behind it, as proxies of 4.x never seal it', () => {
		const scene = new Scene(ECDSA_GCM);
		scene.register([ALICE]);
		scene.takeKey();
		const message = { currentFileOnly: false, host: ALICE, message: 'No client key' };
		const abort = clearMessage(MessageType.ABORT, PROXY, (bytes, at) => encodeAbort(bytes, at, message));
		scene.say(abort, ELSEWHERE);
		expect(scene.pair.senderKinds('receiverAborted')).toEqual([]);
		scene.say(abort);
		expect(scene.pair.senderKinds('receiverAborted')).toMatchObject([{ receiverId: ALICE, reason: 'No client key' }]);
	});
});
