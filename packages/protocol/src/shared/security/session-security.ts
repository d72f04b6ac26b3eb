/**
 * The keys of one encrypted session at its receiver, from ENC_INFO to the sealed messages (docs/protocol.md,
 * section 11).
 */

import {
	clientKeyContent,
	equalBytes,
	groupKeys,
	type Handshake,
	type KeyBlock,
	keySigner,
	type NonceCounter,
	Opener,
	type PrivateKey,
	Sealer,
	SignatureType,
	type Suite,
	unwrapGroupMaster,
	type Verifier,
	verifyData,
} from '@uftp/crypto';
import { type ClientKey, EncryptedLayout, HEADER_BYTES, type KeyInfoItem, type Span, spanOf } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { SessionSecurityFacts } from '../../events.ts';
import { SENDER_REPLAY_WINDOW } from '../../limits.ts';
import type { ReceiverSecurityConfig } from '../../security-config.ts';
import { ReplayWindow } from './replay-window.ts';

/** What `open` says besides the refusals of the opener. */
export const SealedRefusal = { REPLAYED: -100, NO_GROUP_KEY: -101 } as const;

/** What sender and receiver have agreed on: the result of `secure`. */
export interface Agreement {
	readonly suite: Suite;
	readonly handshake: Handshake;
	readonly sessionKeys: KeyBlock;
	/** What REGISTER carries: the encrypted premaster, or the own half of the ECDH key agreement. */
	readonly keyInfo: Uint8Array;
	/** The own key, if the session needs one. */
	readonly ownKey: PrivateKey | undefined;
	/** The sender must see the own key in a CLIENT_KEY. */
	readonly showsKey: boolean;
	/** Checks the signatures of the sender's packets, with key-exchange signatures. */
	readonly senderVerifier: Verifier | undefined;
	/** The same for those of the response proxy. */
	readonly proxyVerifier: Verifier | undefined;
	readonly facts: SessionSecurityFacts;
}

export class SessionSecurity {
	readonly #config: ReceiverSecurityConfig;
	readonly #agreement: Agreement;
	readonly #counter: NonceCounter;
	readonly #window = new ReplayWindow(SENDER_REPLAY_WINDOW);
	#groupMaster: Uint8Array | undefined;
	#opener: Opener | undefined;
	/** Something has been opened with the group key: it is the sender's. */
	#isProven = false;
	/** The CLIENT_KEY of this session; undefined if the sender asks for none. */
	readonly clientKey: ClientKey | undefined;
	/** Undefined until KEYINFO has come. */
	sealer: Sealer | undefined;

	constructor(config: ReceiverSecurityConfig, agreement: Agreement, counter: NonceCounter) {
		this.#config = config;
		this.#agreement = agreement;
		this.#counter = counter;
		this.clientKey = this.#composeClientKey();
	}

	get facts(): SessionSecurityFacts {
		return this.#agreement.facts;
	}

	/** Every packet is signed with the key of the node that sends it: none can speak in the place of another. */
	get isSignedByKey(): boolean {
		return this.#agreement.suite.signature === SignatureType.KEYEX;
	}

	/** Undefined until KEYINFO has come; a proxy passes it on to its receivers. */
	get groupMaster(): Uint8Array | undefined {
		return this.#groupMaster;
	}

	get rand2(): Uint8Array {
		return this.#agreement.handshake.rand2;
	}

	get keyInfo(): Span {
		return spanOf(this.#agreement.keyInfo);
	}

	#composeClientKey(): ClientKey | undefined {
		const { ownKey, showsKey, suite, handshake } = this.#agreement;
		if (ownKey === undefined || !showsKey) return undefined;
		const signer = keySigner(this.#config.backend, suite.hash, ownKey);
		const content = clientKeyContent(handshake);
		signer.compute(content, 0, content.length);
		return { publicKey: spanOf(ownKey.publicKey.blob), signature: spanOf(signer.output) };
	}

	/**
	 * Takes the group key out of the own item of a KEYINFO; false if it cannot be read, or contradicts a key that has
	 * proved right. KEYINFO itself is not authenticated: until then, a later one replaces an earlier one.
	 */
	takeGroupKey(counter: bigint, sourceId: number, item: KeyInfoItem): boolean {
		const { backend } = this.#config;
		const { suite, sessionKeys, handshake, ownKey } = this.#agreement;
		const master = unwrapGroupMaster(backend, suite, sessionKeys, counter, sourceId, item.wrappedKey);
		if (master === undefined) return false;
		if (this.#groupMaster !== undefined && equalBytes(this.#groupMaster, master)) return true;
		if (this.#isProven) return false;
		const keys = groupKeys(backend, suite, master, handshake.rand1);
		const isSignedByKey = suite.signature === SignatureType.KEYEX && ownKey !== undefined;
		const signer = isSignedByKey ? keySigner(backend, suite.hash, ownKey) : undefined;
		this.sealer = new Sealer(backend, suite, keys, this.#counter, signer);
		this.#opener = new Opener(backend, suite, keys);
		this.#groupMaster = master;
		return true;
	}

	/** What a KEYINFO_ACK says. The group key is there. */
	verifyData(): Uint8Array {
		const { suite, handshake, ownKey, showsKey } = this.#agreement;
		const blob = showsKey ? ownKey?.publicKey.blob : undefined;
		assert(this.#groupMaster !== undefined, 'who proves the group key has it');
		return verifyData(this.#config.backend, suite, handshake, blob, this.#groupMaster);
	}

	/**
	 * Opens a datagram of the sender in place. Returns how many plain bytes it holds, an `OpenRefusal` or a
	 * `SealedRefusal` (both negative). Hot: with libcrypto it allocates nothing.
	 */
	open(bytes: Uint8Array, at: number, length: number): number {
		const opener = this.#opener;
		if (opener === undefined) return SealedRefusal.NO_GROUP_KEY;
		const { counterHigh, counterLow } = EncryptedLayout.fields;
		const high = counterHigh.get(bytes, at + HEADER_BYTES);
		const low = counterLow.get(bytes, at + HEADER_BYTES);
		if (!this.#window.isFresh(high, low)) return SealedRefusal.REPLAYED;
		const plainBytes = opener.open(bytes, at, length, this.#agreement.senderVerifier);
		if (plainBytes <= 0) return plainBytes;
		this.#window.note(high, low);
		this.#isProven = true;
		return plainBytes;
	}

	/** The same for a datagram of the response proxy. It counts its packets by itself: there is no window for them. */
	openOfProxy(bytes: Uint8Array, at: number, length: number): number {
		if (this.#opener === undefined) return SealedRefusal.NO_GROUP_KEY;
		return this.#opener.open(bytes, at, length, this.#agreement.proxyVerifier);
	}
}
