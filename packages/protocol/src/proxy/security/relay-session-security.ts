/**
 * The security of one session at a gathering proxy: the keys of a receiver towards the sender, those of a sender
 * towards the receivers, and the sender's group key, that everybody has (docs/protocol.md, section 12.5).
 */
import {
	composeKeyInfo,
	type EcPrivateKey,
	groupKeys,
	keySigner,
	type NonceCounter,
	Opener,
	OpenRefusal,
	type PrivateKey,
	type Sealer,
	SignatureType,
	type Signer,
} from '@uftp/crypto';
import {
	type ClientKey,
	EncryptedLayout,
	encodeKeyInfo,
	HEADER_BYTES,
	Header,
	type KeyInfoItem,
	type Register,
	type Span,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { SessionSecurityFacts } from '../../events.ts';
import type { Endpoint } from '../../ports.ts';
import type { Allowance } from '../../shared/allowance.ts';
import type { Encode } from '../../shared/encode.ts';
import type { KeyTerms } from '../../shared/security/member-keys.ts';
import { type Agreement, SealedRefusal, SessionSecurity } from '../../shared/security/session-security.ts';
import type { ProxySecurityConfig } from '../proxy-config.ts';
import type { AnnounceRewriter } from './announce-rewriter.ts';
import { signAnew } from './packet-signatures.ts';
import { ReceiverHandshakes, type ReceiverKeyProof, type RelayVerdict } from './receiver-handshakes.ts';

const { sourceId } = Header.fields;
const { counterHigh, counterLow } = EncryptedLayout.fields;

/** What the security of a session is made of. */
export interface RelaySessionTerms {
	readonly config: ProxySecurityConfig;
	/** What the proxy has agreed on with the sender. */
	readonly agreement: Agreement;
	readonly senderId: number;
	/** What the proxy shows to its receivers: of the size or curve of the sender's. */
	readonly key: PrivateKey;
	/** On the curve of the sender's; undefined with key exchange RSA. */
	readonly agreementKey: EcPrivateKey | undefined;
	/** Undefined for response proxies, which forward no ANNOUNCE. */
	readonly rewriter: AnnounceRewriter | undefined;
	/** Of all sessions of the proxy. */
	readonly counter: NonceCounter;
	readonly allowance: Allowance;
	readonly receiversMax: number;
}

export class RelaySessionSecurity {
	/** Receivers must show their key (CLIENT_KEY): the sender's ENC_INFO asks for it. */
	readonly needsClientKeys: boolean;
	/** Key-exchange signatures: every sealed datagram is verified here and signed anew with the proxy's key. */
	readonly signsAnew: boolean;
	readonly #terms: RelaySessionTerms;
	readonly #upstream: SessionSecurity;
	readonly #receivers: ReceiverHandshakes;
	/** Signs packets, with key-exchange signatures. */
	readonly #signer: Signer | undefined;
	/** Opens what receivers send. */
	#opener: Opener | undefined;

	constructor(terms: RelaySessionTerms) {
		const { config, agreement, counter, key, allowance, receiversMax } = terms;
		const { suite, handshake, showsKey } = agreement;
		assert(receiversMax > 0, 'a session has places for receivers');
		this.#terms = terms;
		this.needsClientKeys = showsKey;
		this.signsAnew = suite.signature === SignatureType.KEYEX;
		this.#signer = this.signsAnew ? keySigner(config.backend, suite.hash, key) : undefined;
		this.#upstream = new SessionSecurity(config, agreement, counter);
		this.#receivers = new ReceiverHandshakes(this.#keyTerms(), handshake.groupId, allowance, receiversMax);
	}

	#keyTerms(): KeyTerms {
		const { config, agreement, key, agreementKey } = this.#terms;
		const { suite, handshake, showsKey } = agreement;
		const { backend, random } = config;
		const upstream = this.#upstream;
		return {
			side: 'Proxy',
			config: { backend, random, suite, key },
			agreementKey,
			rand1: handshake.rand1,
			privateAddress: handshake.privateAddress,
			needsClientKeys: showsKey,
			get groupMaster() {
				assert(upstream.groupMaster !== undefined, 'a receiver was given the group key before the proxy had it');
				return upstream.groupMaster;
			},
		};
	}

	get facts(): SessionSecurityFacts {
		return this.#upstream.facts;
	}

	get rand2(): Uint8Array {
		return this.#upstream.rand2;
	}

	get keyInfo(): Span {
		return this.#upstream.keyInfo;
	}

	/** The proxy's own CLIENT_KEY; undefined if the sender asks for none. */
	get clientKey(): ClientKey | undefined {
		return this.#upstream.clientKey;
	}

	/**
	 * Takes the group key out of the proxy's item of a KEYINFO; false if it does not fit. KEYINFO is not authenticated: until
	 * something has been opened with a key, a later one replaces it, and receivers that got the first have to be keyed anew.
	 */
	takeGroupKey(counter: bigint, sourceId: number, item: KeyInfoItem): boolean {
		const before = this.#upstream.groupMaster;
		if (!this.#upstream.takeGroupKey(counter, sourceId, item)) return false;
		const { groupMaster } = this.#upstream;
		assert(groupMaster !== undefined, 'a group key that has been taken is there');
		if (groupMaster === before) return true;
		const { config, agreement } = this.#terms;
		const { suite, handshake } = agreement;
		const { backend } = config;
		this.#opener = new Opener(backend, suite, groupKeys(backend, suite, groupMaster, handshake.rand1));
		this.#receivers.unkey();
		return true;
	}

	get hasGroupKey(): boolean {
		return this.#upstream.groupMaster !== undefined;
	}

	/** What the proxy's KEYINFO_ACK says. */
	verifyData(): Uint8Array {
		return this.#upstream.verifyData();
	}

	/** Opens a datagram of the sender in place: plain bytes, or a negative refusal. */
	openFromSender(bytes: Uint8Array, at: number, length: number): number {
		if (sourceId.get(bytes, at) !== this.#terms.senderId) return OpenRefusal.UNKNOWN_SIGNER;
		return this.#upstream.open(bytes, at, length);
	}

	/** Seals the proxy's own messages to the sender; undefined until the group key is there. */
	get sealer(): Sealer | undefined {
		return this.#upstream.sealer;
	}

	/**
	 * Client proxies: puts the proxy's own keys in place of the sender's into an ANNOUNCE of this session, in place and of
	 * the same length, and signs it anew where ANNOUNCEs are signed. False, and the bytes are as they were, if it is not
	 * the sender's: it must not be forwarded. Response proxies forward no ANNOUNCE.
	 */
	rewriteAnnounce(now: number, bytes: Uint8Array, at: number, length: number): boolean {
		const { rewriter, allowance } = this.#terms;
		return rewriter !== undefined && allowance.take(now) && rewriter.rewrite(bytes, at, length);
	}

	/**
	 * A receiver's REGISTER. Where keys are needed, the receiver is in the session once a verdict says its fingerprint: that
	 * of `proveKey`, or this one, if its CLIENT_KEY came earlier.
	 */
	register(now: number, receiverId: number, from: Endpoint, message: Register): RelayVerdict {
		return this.#receivers.register(now, receiverId, from, message);
	}

	/** A receiver's CLIENT_KEY, checked against its REGISTER, and against `pinned` if given (20 bytes). */
	proveKey(proof: ReceiverKeyProof): RelayVerdict {
		return this.#receivers.proveKey(proof);
	}

	/** A KEYINFO with the group key for these receivers, wrapped at the moment of sending; its header bears the sender's id. */
	keyInfoFor(receiverIds: readonly number[]): Encode {
		return (bytes, at) => {
			const { groupMaster } = this.#upstream;
			assert(groupMaster !== undefined, 'a KEYINFO was sent before the proxy had the group key');
			const recipients = receiverIds.flatMap((clientId) => {
				const receiver = this.#receivers.get(clientId);
				return receiver === undefined ? [] : [{ clientId, keys: receiver.keys.sessionKeys }];
			});
			const { config, agreement, counter, senderId } = this.#terms;
			// Every receiver has session keys of its own: the proxy's counter meets the sender's under none of them.
			const { backend } = config;
			const message = composeKeyInfo(backend, agreement.suite, groupMaster, counter, senderId, recipients);
			return encodeKeyInfo(bytes, at, message);
		};
	}

	/** A receiver's KEYINFO_ACK: true when it proves that it has the group key. */
	acknowledge(receiverId: number, verifyData: Uint8Array): boolean {
		return this.hasGroupKey && this.#receivers.acknowledge(receiverId, verifyData);
	}

	/** Opens a datagram of a receiver in place: plain bytes, or a negative refusal. */
	openFromReceiver(receiverId: number, bytes: Uint8Array, at: number, length: number): number {
		const opener = this.#opener;
		if (opener === undefined) return SealedRefusal.NO_GROUP_KEY;
		const receiver = this.#receivers.get(receiverId);
		if (receiver === undefined || sourceId.get(bytes, at) !== receiverId) return OpenRefusal.UNKNOWN_SIGNER;
		const high = counterHigh.get(bytes, at + HEADER_BYTES);
		const low = counterLow.get(bytes, at + HEADER_BYTES);
		const { window, keys } = receiver;
		if (!window.isFresh(high, low)) return SealedRefusal.REPLAYED;
		const plainBytes = opener.open(bytes, at, length, keys.packetVerifier);
		assert(plainBytes < length, 'what is opened is shorter than what was sealed');
		if (plainBytes > 0) window.note(high, low);
		return plainBytes;
	}

	/** The receiver is gone: forgets its keys. */
	forget(receiverId: number): void {
		this.#receivers.forget(receiverId);
	}

	/**
	 * Key-exchange signatures: verifies a sealed datagram of the sender / of a receiver as it stands, and puts the proxy's
	 * own signature in place of the other, in place. False if it was not signed rightly, or the lengths differ.
	 */
	signDownAnew(bytes: Uint8Array, at: number, length: number): boolean {
		const { agreement, senderId } = this.#terms;
		const { senderVerifier } = agreement;
		if (this.#signer === undefined || senderVerifier === undefined) return false;
		return signAnew({ bytes, at, length, sourceId: senderId }, senderVerifier, this.#signer);
	}

	signUpAnew(receiverId: number, bytes: Uint8Array, at: number, length: number): boolean {
		const verifier = this.#receivers.get(receiverId)?.keys.packetVerifier;
		if (this.#signer === undefined || verifier === undefined) return false;
		return signAnew({ bytes, at, length, sourceId: receiverId }, verifier, this.#signer);
	}
}
