/**
 * The keys of one encrypted session at its sender: ENC_INFO, the group key and what seals and opens with it
 * (docs/protocol.md, section 11). What belongs to one receiver stands in `member-keys.ts`.
 */

import {
	CurveId,
	composeKeyInfo,
	curveById,
	type EcPrivateKey,
	generateEcKey,
	groupKeys,
	KeyExchange,
	keySigner,
	NonceCounter,
	newGroupMaster,
	Opener,
	Sealer,
	SignatureType,
	type Signer,
	signatureBytes,
	signField,
} from '@uftp/crypto';
import {
	EMPTY_SPAN,
	type EncInfo,
	EncryptedLayout,
	encodeKeyInfo,
	HEADER_BYTES,
	parseAddress,
	spanOf,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import { needsClientKeys, type SenderSecurityConfig, senderSecurityProblem } from '../../security-config.ts';
import type { SenderConfig } from '../../sender-config.ts';
import type { Encode } from '../../shared/encode.ts';
import type { KeyTerms, MemberKeys } from '../../shared/security/member-keys.ts';
import type { Peer } from '../membership/members.ts';

/** Why a sealed datagram was not taken: a reason for the counters, or the length of what it said in the clear. */
export const REPLAYED = -100;

const RAND_BYTES = 32;
const RAND_TIME_BYTES = 4;

export class SenderSecurity implements KeyTerms {
	readonly side = 'Sender';
	readonly config: SenderSecurityConfig;
	readonly needsClientKeys: boolean;
	readonly rand1: Uint8Array;
	readonly privateAddress: Uint8Array;
	readonly encInfo: EncInfo;
	/** Own half of the ECDH key agreement; undefined with key exchange RSA. */
	readonly agreementKey: EcPrivateKey | undefined;
	readonly groupMaster: Uint8Array;
	readonly sealer: Sealer;
	readonly #opener: Opener;
	readonly #counter: NonceCounter;
	readonly #announceSigner: Signer | undefined;
	readonly #sourceId: number;

	/** Throws a RangeError with the sentence of `senderSecurityProblem` if there is one. */
	constructor(session: SenderConfig, config: SenderSecurityConfig, now: number) {
		const problem = senderSecurityProblem(config, session.blockBytes);
		if (problem !== undefined) throw new RangeError(problem);
		const { backend, random, suite, key } = config;
		this.config = config;
		this.needsClientKeys = needsClientKeys(config);
		this.#sourceId = session.sourceId;
		this.#counter = NonceCounter.anywhere(random);
		this.rand1 = newRand1(random, session.epochMs + now);
		this.privateAddress = session.isUnicast
			? new Uint8Array(session.family === 4 ? 4 : 16)
			: parsedAddress(session.privateEndpoint.host);
		const signer =
			suite.keyExchange === KeyExchange.RSA && suite.signature !== SignatureType.KEYEX
				? undefined
				: keySigner(backend, suite.hash, key);
		this.agreementKey = newAgreementKey(config);
		this.#announceSigner = suite.keyExchange === KeyExchange.RSA ? undefined : signer;
		this.encInfo = this.#composeEncInfo();
		this.groupMaster = newGroupMaster(random);
		const keys = groupKeys(backend, suite, this.groupMaster, this.rand1);
		this.sealer = new Sealer(backend, suite, keys, this.#counter, signer);
		this.#opener = new Opener(backend, suite, keys);
	}

	#composeEncInfo(): EncInfo {
		const { suite, key } = this.config;
		const dhKey = this.agreementKey?.publicKey.blob;
		const isSigned = this.#announceSigner !== undefined;
		return {
			clientAuth: this.needsClientKeys,
			keyExchange: suite.keyExchange,
			signatureType: suite.signature,
			keyType: suite.cipher,
			hashType: suite.hash,
			rand1: this.rand1,
			publicKey: spanOf(key.publicKey.blob),
			dhKey: dhKey === undefined ? EMPTY_SPAN : spanOf(dhKey),
			signature: isSigned ? spanOf(new Uint8Array(signatureBytes(key.publicKey))) : EMPTY_SPAN,
		};
	}

	/** Signs a composed ANNOUNCE, if the key exchange asks for it: the whole datagram with the signature as zeros. */
	signAnnounce(bytes: Uint8Array, length: number): void {
		const signer = this.#announceSigner;
		if (signer === undefined) return;
		// ENC_INFO is the only extension, and its signature the last thing in it.
		const headerEnd = HEADER_BYTES + bytes[HEADER_BYTES + 1] * 4;
		const fieldBytes = this.encInfo.signature.length;
		signField(signer, bytes, 0, length, headerEnd - fieldBytes, fieldBytes);
	}

	/** A KEYINFO with the group key for these receivers and proxies, wrapped at the moment of sending. */
	keyInfoFor(peers: readonly Peer[]): Encode {
		return (bytes, at) => {
			const recipients = peers.flatMap(({ id, keys }) =>
				keys === undefined ? [] : [{ clientId: id, keys: keys.sessionKeys }],
			);
			const { backend, suite } = this.config;
			const message = composeKeyInfo(backend, suite, this.groupMaster, this.#counter, this.#sourceId, recipients);
			return encodeKeyInfo(bytes, at, message);
		};
	}

	/**
	 * Opens a datagram of a receiver or proxy in place; what a receiver behind a proxy signs, its proxy has signed anew with
	 * key-exchange signatures. Returns how many plain bytes it holds, `REPLAYED`, or an `OpenRefusal`.
	 */
	open(peer: Peer, keys: MemberKeys, bytes: Uint8Array, at: number, length: number): number {
		const { counterHigh, counterLow } = EncryptedLayout.fields;
		const high = counterHigh.get(bytes, at + HEADER_BYTES);
		const low = counterLow.get(bytes, at + HEADER_BYTES);
		const { window } = peer;
		if (!window.isFresh(high, low)) return REPLAYED;
		const plainBytes = this.#opener.open(bytes, at, length, keys.packetVerifier);
		if (plainBytes > 0) window.note(high, low);
		return plainBytes;
	}

	/** Every packet is signed by who sends it, and a proxy signs anew what it passes on. */
	get signsByKey(): boolean {
		return this.config.suite.signature === SignatureType.KEYEX;
	}
}

function parsedAddress(host: string): Uint8Array {
	const address = parseAddress(host);
	if (address === undefined) throw new RangeError(`the private address ${host} is no IP address`);
	return address;
}

/** As C's: the time in its first four bytes, which nobody reads, then chance. */
function newRand1(random: SenderSecurityConfig['random'], epochMs: number): Uint8Array {
	const rand1 = random(RAND_BYTES).slice();
	const seconds = Math.floor(epochMs / 1000);
	for (let i = 0; i < RAND_TIME_BYTES; i++) rand1[i] = seconds >>> (8 * i);
	return rand1;
}

function newAgreementKey(config: SenderSecurityConfig): EcPrivateKey | undefined {
	const { suite, key, backend, random, agreementCurve } = config;
	if (suite.keyExchange === KeyExchange.RSA) return undefined;
	const own = key.publicKey.kind === 'ec' ? key.publicKey.curve : curveById(CurveId.SECP256R1);
	assert(own !== undefined, 'the curve that RSA keys agree on is not known');
	return generateEcKey(backend, agreementCurve ?? own, random);
}
