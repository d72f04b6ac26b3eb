/** A receiver of an encrypted session written out by hand with the primitives: what an honest one, or an attacker, says. */
import {
	agreePremaster,
	clientKeyContent,
	type EcPublicKey,
	encryptPremaster,
	generateEcKey,
	groupKeys,
	Handshake,
	importKeyBlob,
	KeyExchange,
	keySigner,
	masterSecret,
	NonceCounter,
	newPremaster,
	type PrivateKey,
	type RsaPublicKey,
	Sealer,
	type Suite,
	sessionKeys,
	unwrapGroupMaster,
	verifyData,
} from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import {
	decodeAnnounce,
	decodeKeyInfo,
	type EncInfo,
	encodeClientKey,
	encodeComplete,
	encodeKeyInfoAck,
	encodeRegister,
	HEADER_BYTES,
	isMalformed,
	type MessageType,
	parseAddress,
	spanOf,
	type Timestamp,
	writeHeader,
} from '@uftp/wire';
import { GROUP } from '../sender/scripted-receivers.ts';
import { backend } from './pair.ts';

export class SecuredMember {
	readonly id: number;
	readonly key: PrivateKey;
	readonly #suite: Suite;
	/** High enough for any replay window: an attacker may choose. */
	readonly #counter = new NonceCounter(2 ** 50);
	readonly #encInfo: EncInfo;
	readonly #timestamp: Timestamp;
	readonly handshake: Handshake;
	readonly keyInfo: Uint8Array;
	groupMaster = new Uint8Array(0);

	/** Answers this ANNOUNCE. */
	constructor(id: number, key: PrivateKey, suite: Suite, announce: Uint8Array) {
		this.id = id;
		this.key = key;
		this.#suite = suite;
		const message = decodeAnnounce(announce.slice(), HEADER_BYTES, announce.length - HEADER_BYTES);
		if (isMalformed(message) || message.encInfo === undefined) throw new Error('no ANNOUNCE with ENC_INFO');
		this.#encInfo = message.encInfo;
		this.#timestamp = message.timestamp;
		const [premaster, keyInfo] = this.#exchange();
		this.keyInfo = keyInfo;
		const { rand1 } = this.#encInfo;
		const privateAddress = parseAddress(message.privateAddress)!;
		this.handshake = new Handshake(GROUP, privateAddress, rand1, systemRandom(32), premaster);
	}

	#exchange(): [Uint8Array, Uint8Array] {
		const isRsa = this.#suite.keyExchange === KeyExchange.RSA;
		const { bytes, at, length } = isRsa ? this.#encInfo.publicKey : this.#encInfo.dhKey;
		const other = importKeyBlob(backend, bytes, at, length);
		if (isRsa) {
			const premaster = newPremaster(systemRandom);
			return [premaster, encryptPremaster(backend, other as RsaPublicKey, premaster, systemRandom)];
		}
		const { curve } = other as EcPublicKey;
		const own = generateEcKey(backend, curve, systemRandom);
		return [agreePremaster(backend, own, other as EcPublicKey)!, own.publicKey.blob];
	}

	register(keyInfo = this.keyInfo, rand2 = this.handshake.rand2): Uint8Array {
		const message = { timestamp: this.#timestamp, rand2, keyInfo: spanOf(keyInfo), ids: [] };
		return this.datagram(2, HEADER_BYTES, (bytes, at) => encodeRegister(bytes, at, message)).bytes;
	}

	clientKey(): Uint8Array {
		const signer = keySigner(backend, this.#suite.hash, this.key);
		const content = clientKeyContent(this.handshake);
		signer.compute(content, 0, content.length);
		const message = { publicKey: spanOf(this.key.publicKey.blob), signature: spanOf(signer.output) };
		return this.datagram(3, HEADER_BYTES, (bytes, at) => encodeClientKey(bytes, at, message)).bytes;
	}

	/** Takes the group master out of a KEYINFO of the sender; false if it is not in there for these keys. */
	takeGroupMaster(datagram: Uint8Array, senderId: number): boolean {
		const message = decodeKeyInfo(datagram, HEADER_BYTES, datagram.length - HEADER_BYTES);
		if (isMalformed(message)) throw new Error(message.malformed);
		const item = message.items.find(({ clientId }) => clientId === this.id);
		if (item === undefined) return false;
		const { premaster, rand1, rand2 } = this.handshake;
		const master = masterSecret(backend, this.#suite, premaster, rand1, rand2);
		const keys = sessionKeys(backend, this.#suite, master, rand1, rand2);
		const found = unwrapGroupMaster(backend, this.#suite, keys, message.counter, senderId, item.wrappedKey);
		this.groupMaster = found?.slice() ?? new Uint8Array(0);
		return found !== undefined;
	}

	keyInfoAck(showsKey: boolean): Uint8Array {
		const blob = showsKey ? this.key.publicKey.blob : undefined;
		const proof = verifyData(backend, this.#suite, this.handshake, blob, this.groupMaster);
		return this.seal(6, (bytes, at) => encodeKeyInfoAck(bytes, at, { verifyData: proof }));
	}

	complete(fileId: number, sourceId = this.id): Uint8Array {
		const message = { fileId, status: 0, ids: [] };
		return this.seal(12, (bytes, at) => encodeComplete(bytes, at, message), sourceId);
	}

	/** A sealed message, in the own name or in another member's, whose signature is the own one in any case. */
	seal(func: MessageType, encode: (bytes: Uint8Array, at: number) => number, sourceId = this.id): Uint8Array {
		const keys = groupKeys(backend, this.#suite, this.groupMaster, this.handshake.rand1);
		const signer = keySigner(backend, this.#suite.hash, this.key);
		const sealer = new Sealer(backend, this.#suite, keys, this.#counter, signer);
		const plain = this.datagram(func, sealer.plainOffset, encode, sourceId);
		const length = sealer.seal(plain.room, 0, plain.bytes.length - sealer.plainOffset);
		return plain.room.slice(0, length);
	}

	datagram(
		func: MessageType,
		bodyAt: number,
		encode: (bytes: Uint8Array, at: number) => number,
		sourceId = this.id,
	): { readonly bytes: Uint8Array; readonly room: Uint8Array } {
		const room = new Uint8Array(3000);
		const length = bodyAt + encode(room, bodyAt);
		const header = { func, sequence: 0, sourceId, groupId: GROUP, groupInstance: 0, grtt: 0, groupSize: 0 };
		writeHeader(room, 0, header);
		return { bytes: room.slice(0, length), room };
	}
}
