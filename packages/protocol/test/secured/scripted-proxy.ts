/**
 * A response proxy written out by hand with the primitives, an encrypted session's sender beside it, and a receiving node
 * whose datagrams are caught as they leave.
 */

import {
	agreePremaster,
	composeKeyInfo,
	decryptPremaster,
	type EcPrivateKey,
	type EcPublicKey,
	groupKeys,
	Handshake,
	HashType,
	importKeyBlob,
	KeyExchange,
	keySigner,
	masterSecret,
	NonceCounter,
	type PrivateKey,
	type RsaPrivateKey,
	Sealer,
	type Suite,
	sessionKeys,
} from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import {
	decodeRegister,
	EMPTY_SPAN,
	emptyHeader,
	encodeAbort,
	encodeAnnounce,
	encodeFileInfo,
	encodeKeyInfo,
	encodeProxyKey,
	encodeRtt,
	HEADER_BYTES,
	isMalformed,
	MessageType,
	parseAddress,
	spanBytes,
	spanOf,
	writeHeader,
} from '@uftp/wire';
import { SingleArrival } from '../../src/arrival.ts';
import type { ReceiverEvent } from '../../src/events.ts';
import { makeBatch } from '../../src/index.ts';
import type { Endpoint } from '../../src/ports.ts';
import { ReceiverNode } from '../../src/receiver/receiver.ts';
import { RECEIVER_DEFAULTS, type ReceiverConfig } from '../../src/receiver-config.ts';
import { SenderSecurity } from '../../src/sender/security/sender-security.ts';
import { config, GROUP } from '../sender/scripted-receivers.ts';
import { ALICE, backend, functionOf, receiverSecurity, SENDER_ID, senderSecurity } from './pair.ts';

export const SENDER_AT: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const PROXY_AT: Endpoint = { host: '10.0.0.9', port: 1044 };
export const PROXY_ID = 0x0a000009;
const PRIVATE_GROUP = '230.5.5.7';

type Encode = (bytes: Uint8Array, at: number) => number;

function datagram(func: MessageType, header: Partial<ReturnType<typeof emptyHeader>>, encode: Encode): Uint8Array {
	const bytes = new Uint8Array(9000);
	writeHeader(bytes, 0, { ...emptyHeader(), func, groupId: GROUP, ...header });
	return bytes.slice(0, HEADER_BYTES + encode(bytes, HEADER_BYTES));
}

/** The sender of one encrypted session, as far as its receivers hear it. */
export class SecuredSender {
	readonly security: SenderSecurity;
	readonly suite: Suite;
	#sequence = 0;

	constructor(suite: Suite, key?: PrivateKey) {
		this.suite = suite;
		const security = senderSecurity({ suite, ...(key === undefined ? {} : { key }) });
		const session = config({ sourceId: SENDER_ID, privateEndpoint: { host: PRIVATE_GROUP, port: 1044 } });
		this.security = new SenderSecurity(session, security, 0);
	}

	announce(privateAddress = PRIVATE_GROUP): Uint8Array {
		const bytes = datagram(MessageType.ANNOUNCE, this.#header(), (to, at) =>
			encodeAnnounce(to, at, {
				sync: false,
				preview: false,
				family: 4,
				robust: 20,
				ccType: 0,
				blockBytes: 1300,
				timestamp: { seconds: 1000, microseconds: 0 },
				publicAddress: '230.4.4.1',
				privateAddress,
				ids: [],
				encInfo: this.security.encInfo,
			}),
		);
		this.security.signAnnounce(bytes, bytes.length);
		return bytes;
	}

	/** A FILEINFO for Alice, sealed with the group key. */
	fileInfo(fileId = 1): Uint8Array {
		const { sealer } = this.security;
		const bytes = new Uint8Array(9000);
		writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.FILEINFO, groupId: GROUP, ...this.#header() });
		const length = encodeFileInfo(bytes, sealer.plainOffset, {
			fileId,
			type: 0,
			name: `file-${fileId}`,
			link: '',
			size: 1000,
			modifiedSeconds: 0,
			timestamp: { seconds: 2000, microseconds: 0 },
			ids: [ALICE],
		});
		return bytes.slice(0, sealer.seal(bytes, 0, length));
	}

	#header(): Partial<ReturnType<typeof emptyHeader>> {
		return { sequence: this.#sequence++, sourceId: SENDER_ID, grtt: encodeRtt(0.01) };
	}
}

/** What may be wrong with a PROXY_KEY. */
export interface ProxyKeyFaults {
	/** Signed is another nonce than the one that is said. */
	readonly wrongNonce?: boolean;
	readonly withoutAgreementKey?: boolean;
}

export class ScriptedProxy {
	readonly key: PrivateKey;
	readonly agreementKey: EcPrivateKey | undefined;
	readonly #counter = new NonceCounter(2 ** 40);
	#handshake: Handshake | undefined;
	#suite: Suite | undefined;

	constructor(key: PrivateKey, agreementKey?: EcPrivateKey) {
		this.key = key;
		this.agreementKey = agreementKey;
	}

	proxyKey({ wrongNonce = false, withoutAgreementKey = false }: ProxyKeyFaults = {}): Uint8Array {
		const nonce = 0x89abcdef;
		const signer = keySigner(backend, HashType.SHA1, this.key);
		signer.compute(Uint8Array.of(0x89, 0xab, 0xcd, wrongNonce ? 0xee : 0xef), 0, 4);
		const dhBlob = withoutAgreementKey ? undefined : this.agreementKey?.publicKey.blob;
		const message = {
			nonce,
			publicKey: spanOf(this.key.publicKey.blob),
			dhKey: dhBlob === undefined ? EMPTY_SPAN : spanOf(dhBlob),
			signature: spanOf(signer.output.slice()),
		};
		const header = { groupId: 0, sourceId: PROXY_ID };
		return datagram(MessageType.PROXY_KEY, header, (bytes, at) => encodeProxyKey(bytes, at, message));
	}

	/** Agrees on keys with the receiver whose REGISTER this is, in the place of the sender. */
	takeRegister({ suite, security }: SecuredSender, register: Uint8Array): void {
		const message = decodeRegister(register, HEADER_BYTES, register.length - HEADER_BYTES);
		if (isMalformed(message)) throw new Error(message.malformed);
		const privateAddress = parseAddress(PRIVATE_GROUP)!;
		const premaster = this.#premaster(suite, spanBytes(message.keyInfo).slice());
		this.#suite = suite;
		this.#handshake = new Handshake(GROUP, privateAddress, security.rand1, message.rand2.slice(), premaster);
	}

	#premaster(suite: Suite, keyInfo: Uint8Array): Uint8Array {
		if (suite.keyExchange === KeyExchange.RSA) {
			const opened = decryptPremaster(backend, this.key as RsaPrivateKey, keyInfo, systemRandom);
			if (opened?.isGenuine !== true) throw new Error('the premaster is not encrypted with the key of the proxy');
			return opened.premaster;
		}
		const other = importKeyBlob(backend, keyInfo, 0, keyInfo.length) as EcPublicKey;
		return agreePremaster(backend, this.agreementKey!, other)!;
	}

	/** The group key of the session for Alice, in the sender's name. */
	keyInfo({ security }: SecuredSender): Uint8Array {
		const suite = this.#suite!;
		const { premaster, rand1, rand2 } = this.#handshake!;
		const master = masterSecret(backend, suite, premaster, rand1, rand2);
		const keys = sessionKeys(backend, suite, master, rand1, rand2);
		const recipients = [{ clientId: ALICE, keys }];
		const { groupMaster } = security;
		const message = composeKeyInfo(backend, suite, groupMaster, this.#counter, SENDER_ID, recipients);
		const header = { sourceId: SENDER_ID, grtt: encodeRtt(0.01) };
		return datagram(MessageType.KEYINFO, header, (bytes, at) => encodeKeyInfo(bytes, at, message));
	}

	abort(message: string, host = ALICE): Uint8Array {
		const text = { currentFileOnly: false, host, message };
		return datagram(MessageType.ABORT, { sourceId: PROXY_ID }, (bytes, at) => encodeAbort(bytes, at, text));
	}

	sealedAbort(sender: SecuredSender, message: string, host = ALICE, signedWith = this.key): Uint8Array {
		const text = { currentFileOnly: false, host, message };
		return this.sealed(sender, MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, text), signedWith);
	}

	/** Any message under the group key, in the proxy's own name. */
	sealed({ security, suite }: SecuredSender, func: MessageType, encode: Encode, signedWith = this.key): Uint8Array {
		const keys = groupKeys(backend, suite, security.groupMaster, security.rand1);
		const sealer = new Sealer(backend, suite, keys, this.#counter, keySigner(backend, suite.hash, signedWith));
		const bytes = new Uint8Array(3000);
		writeHeader(bytes, 0, { ...emptyHeader(), func, groupId: GROUP, sourceId: PROXY_ID });
		return bytes.slice(0, sealer.seal(bytes, 0, encode(bytes, sealer.plainOffset)));
	}
}

export interface Sent {
	readonly func: MessageType | undefined;
	readonly bytes: Uint8Array;
	readonly to: Endpoint;
	readonly at: number;
}

/** Alice, whose answers are caught. She accepts every file. */
export class ProxiedReceiver {
	readonly node: ReceiverNode;
	readonly events: ReceiverEvent[] = [];
	readonly sent: Sent[] = [];
	now = 1000;

	constructor(changes: Partial<ReceiverConfig> = {}) {
		const security = receiverSecurity();
		const responseProxy = { endpoint: PROXY_AT };
		const own = { receiverId: ALICE, instance: [7, 7] as const, security, responseProxy };
		this.node = new ReceiverNode({ ...RECEIVER_DEFAULTS, ...own, ...changes });
		this.advance(0);
	}

	deliver(datagram: Uint8Array, from: Endpoint = SENDER_AT): void {
		this.node.handle(this.now, new SingleArrival(from, datagram.slice()));
		this.drain();
	}

	drain(): void {
		const batch = makeBatch();
		for (let isBusy = true; isBusy; ) {
			const { node } = this;
			for (let request = node.pollRequest(); request !== undefined; request = node.pollRequest()) {
				if (request.kind === 'fault') throw request.error;
				if (request.kind === 'offerFile') {
					node.fileDecided(this.now, request.file.handle, { kind: 'accept', status: 0 });
				}
			}
			for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) this.events.push(event);
			isBusy = this.node.pollTransmit(this.now, batch);
			if (!isBusy) return;
			const bytes = batch.bytes.slice(0, batch.lastLength);
			this.sent.push({ func: functionOf(bytes), bytes, to: batch.destination, at: this.now });
		}
	}

	advance(ms: number): void {
		const until = this.now + ms;
		this.drain();
		for (let steps = 0; this.node.pollTimeout() <= until; steps++) {
			if (steps > 10_000) throw new Error('the node asks to be woken without end');
			this.now = Math.max(this.now, this.node.pollTimeout());
			this.node.handleTimeout(this.now);
			this.drain();
		}
		this.now = until;
	}

	of(func: MessageType): Sent[] {
		return this.sent.filter((one) => one.func === func);
	}

	eventsOf<K extends ReceiverEvent['kind']>(kind: K): Extract<ReceiverEvent, { kind: K }>[] {
		return this.events.filter((event) => event.kind === kind) as never;
	}
}
