/** A sender and receivers in one process, on a network that the test can listen to, cut and change. */

import {
	type Backend,
	CIPHERS,
	CipherType,
	CurveId,
	curveById,
	generateEcKey,
	generateRsaKey,
	HashType,
	KeyExchange,
	type PrivateKey,
	SignatureType,
	type Suite,
} from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import { decodeHeader, HEADER_BYTES, isMalformed, MessageType, writeHeader } from '@uftp/wire';
import {
	type Endpoint,
	makeBatch,
	RECEIVER_DEFAULTS,
	type ReceiverEvent,
	type ReceiverSecurityConfig,
	type SenderConfig,
	type SenderEvent,
	type SenderSecurityConfig,
	SingleArrival,
} from '../../src/index.ts';
import { ReceiverNode } from '../../src/receiver/index.ts';
import { SenderSession } from '../../src/sender/index.ts';
import { config, entry, GROUP } from '../sender/scripted-receivers.ts';

export const { backend }: { backend: Backend } = selectBackend();
export const P256 = curveById(CurveId.SECP256R1)!;
export const SENDER: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const SENDER_ID = 0x0a000001;
export const ALICE = 0x0a000002;
export const ALICE_AT = { host: '10.0.0.2', port: 1044 };
export const BOB_AT = { host: '10.0.0.3', port: 1044 };

export function suite(keyExchange: KeyExchange, cipher: CipherType, signsByKey = false): Suite {
	const cbc = signsByKey ? SignatureType.KEYEX : SignatureType.HMAC;
	const signature = CIPHERS[cipher].mode === 'cbc' ? cbc : SignatureType.AUTHENC;
	return { keyExchange, cipher, hash: HashType.SHA256, signature };
}

export const ECDSA_GCM = suite(KeyExchange.ECDH_ECDSA, CipherType.AES256_GCM);
export const ECDSA_KEYEX = suite(KeyExchange.ECDH_ECDSA, CipherType.AES128_CBC, true);
export const RSA_HMAC = suite(KeyExchange.RSA, CipherType.AES128_CBC);

export const ecKey = (): PrivateKey => generateEcKey(backend, P256, systemRandom);
let rsa: PrivateKey | undefined;
export const rsaKey = (): PrivateKey => {
	rsa ??= generateRsaKey(backend, 1024);
	return rsa;
};

export function senderSecurity(changes: Partial<SenderSecurityConfig> = {}): SenderSecurityConfig {
	const chosen = changes.suite ?? ECDSA_GCM;
	const key = chosen.keyExchange === KeyExchange.ECDH_ECDSA ? ecKey() : rsaKey();
	return { backend, random: systemRandom, suite: chosen, key, clientAuth: false, fingerprints: new Map(), ...changes };
}

export function receiverSecurity(changes: Partial<ReceiverSecurityConfig> = {}): ReceiverSecurityConfig {
	return { backend, random: systemRandom, keys: [ecKey(), rsaKey()], encryptedOnly: false, ...changes };
}

export interface Transcript {
	readonly toReceivers: boolean;
	/** Index of the receiver that sent it; -1 for the sender. */
	readonly from: number;
	readonly bytes: Uint8Array;
}

/** What the network makes of a datagram: nothing (lost), or other ones. */
export type Tamper = (message: Transcript) => Uint8Array | undefined;

interface Receiver {
	readonly node: ReceiverNode;
	readonly events: ReceiverEvent[];
	readonly endpoint: Endpoint;
	readonly contents: Map<number, Uint8Array>;
}

export class SecuredPair {
	now = 1000;
	readonly session: SenderSession;
	readonly senderEvents: SenderEvent[] = [];
	readonly receivers: Receiver[] = [];
	readonly transcript: Transcript[] = [];
	tamper: Tamper = ({ bytes }) => bytes;
	readonly #batch = makeBatch();

	constructor(
		sender: Partial<SenderConfig>,
		receivers: readonly ReceiverSecurityConfig[],
		fileBytes = 3000,
		firstId = 0x0a000002,
	) {
		const targets = receivers.map((_, index) => firstId + index);
		const settings = config({ targets, robust: 10, grttMs: { initial: 50, min: 10, max: 15_000 }, ...sender });
		this.session = new SenderSession(settings, [entry('a.bin', fileBytes)], this.now);
		for (const [index, security] of receivers.entries()) {
			const receiverId = firstId + index;
			const node = new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId, instance: [7, index], security });
			const endpoint = { host: `10.0.0.${2 + index}`, port: 1044 };
			this.receivers.push({ node, events: [], endpoint, contents: new Map() });
		}
	}

	/** Lets time pass: everything that is said in it arrives at once. */
	run(ms: number): void {
		const until = this.now + ms;
		this.#settle();
		for (let steps = 0; ; steps++) {
			if (steps > 100_000) throw new Error('the session does not come to rest');
			const next = Math.min(this.session.pollTimeout(), ...this.receivers.map(({ node }) => node.pollTimeout()));
			if (next > until) break;
			this.now = Math.max(this.now, next);
			this.session.handleTimeout(this.now);
			for (const { node } of this.receivers) if (node.pollTimeout() <= this.now) node.handleTimeout(this.now);
			this.#settle();
		}
		this.now = until;
	}

	/** Gives a receiver a datagram as its driver does; true if a block was wanted. */
	give(index: number, datagram: Uint8Array, from = SENDER): boolean {
		const { node, contents } = this.receivers[index];
		const placement = node.handle(this.now, new SingleArrival(from, datagram.slice()));
		if (placement === undefined) return false;
		const { handle, offset, bytes, at, length } = placement;
		contents.get(handle)?.set(bytes.subarray(at, at + length), offset);
		return true;
	}

	giveSender(datagram: Uint8Array, from: Endpoint): void {
		const bytes = datagram.slice();
		this.session.handle(this.now, new SingleArrival(from, bytes));
	}

	#settle(): void {
		for (let isBusy = true; isBusy; ) {
			isBusy = this.#drainSender();
			for (const index of this.receivers.keys()) isBusy = this.#drainReceiver(index) || isBusy;
		}
	}

	#drainSender(): boolean {
		const { session } = this;
		let isBusy = false;
		for (;;) {
			for (let request = session.pollRequest(); request !== undefined; request = session.pollRequest()) {
				if (request.kind === 'openFile') session.fileOpened(this.now, request.file);
			}
			for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) {
				this.senderEvents.push(event);
			}
			if (!session.pollTransmit(this.now, this.#batch)) return isBusy;
			isBusy = true;
			this.#fill();
			session.seal(this.#batch);
			const { bytes, count, stride, lastLength } = this.#batch;
			for (let i = 0; i < count; i++) {
				const at = i * stride;
				this.#toReceivers(bytes.slice(at, at + (i === count - 1 ? lastLength : stride)));
			}
		}
	}

	#fill(): void {
		const { bytes, count, stride, file, payloadOffset, payloadBytes, lastPayloadBytes, offsets } = this.#batch;
		if (file < 0) return;
		for (let i = 0; i < count; i++) {
			const length = i === count - 1 ? lastPayloadBytes : payloadBytes;
			const at = i * stride + payloadOffset;
			for (let byte = 0; byte < length; byte++) bytes[at + byte] = contentByte(offsets[i] + byte);
		}
	}

	#toReceivers(bytes: Uint8Array): void {
		const sent = this.tamper({ toReceivers: true, from: -1, bytes });
		this.transcript.push({ toReceivers: true, from: -1, bytes });
		if (sent === undefined) return;
		for (const index of this.receivers.keys()) {
			this.give(index, sent);
			this.#drainReceiver(index, false);
		}
	}

	#drainReceiver(index: number, transmits = true): boolean {
		const { node, events, endpoint, contents } = this.receivers[index];
		let isBusy = false;
		for (;;) {
			for (let request = node.pollRequest(); request !== undefined; request = node.pollRequest()) {
				if (request.kind === 'fault') throw request.error;
				if (request.kind === 'offerFile') {
					contents.set(request.file.handle, new Uint8Array(request.file.size));
					node.fileDecided(this.now, request.file.handle, { kind: 'accept', status: 0 });
				} else if (request.kind === 'finishFile') node.fileStored(this.now, request.file.handle);
			}
			for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) events.push(event);
			const batch = makeBatch();
			if (!transmits || !node.pollTransmit(this.now, batch)) return isBusy;
			isBusy = true;
			const bytes = batch.bytes.slice(0, batch.lastLength);
			const sent = this.tamper({ toReceivers: false, from: index, bytes });
			this.transcript.push({ toReceivers: false, from: index, bytes });
			if (sent !== undefined) this.giveSender(sent, endpoint);
		}
	}

	/** Datagrams of one function that were sent, of either side. */
	sent(func: MessageType, toReceivers: boolean): Uint8Array[] {
		return this.transcript
			.filter((message) => message.toReceivers === toReceivers && functionOf(message.bytes) === func)
			.map(({ bytes }) => bytes);
	}

	outcomes(): string[] {
		return this.session.end?.results.map(({ outcome }) => outcome) ?? ['the session has not ended'];
	}

	senderKinds<K extends SenderEvent['kind']>(kind: K): Extract<SenderEvent, { kind: K }>[] {
		return this.senderEvents.filter((event) => event.kind === kind) as Extract<SenderEvent, { kind: K }>[];
	}

	receiverKinds<K extends ReceiverEvent['kind']>(kind: K, index = 0): Extract<ReceiverEvent, { kind: K }>[] {
		return this.receivers[index].events.filter((event) => event.kind === kind) as never;
	}

	/** Whether a receiver has the file as it was sent. */
	hasFile(index = 0): boolean {
		const [content] = [...this.receivers[index].contents.values()].slice(-1);
		return content?.every((byte, at) => byte === contentByte(at)) === true;
	}
}

export function functionOf(bytes: Uint8Array): MessageType | undefined {
	const header = decodeHeader(bytes, 0, bytes.length);
	return isMalformed(header) ? undefined : header.func;
}

function contentByte(offset: number): number {
	return (offset * 31 + (offset >> 9) * 7) & 0xff;
}

/** A message of this session in the clear, in anybody's name. */
export function clearMessage(
	func: MessageType,
	sourceId: number,
	encode: (bytes: Uint8Array, at: number) => number,
): Uint8Array {
	const bytes = new Uint8Array(2000);
	const header = { func, sequence: 9, sourceId, groupId: GROUP, groupInstance: 0, grtt: 0, groupSize: 0 };
	writeHeader(bytes, 0, header);
	return bytes.slice(0, HEADER_BYTES + encode(bytes, HEADER_BYTES));
}

/** Whether a datagram is an ENCRYPTED one. */
export const isSealed = (bytes: Uint8Array): boolean => functionOf(bytes) === MessageType.ENCRYPTED;
