/**
 * What secures one encrypted session at a gathering proxy, which is a receiver to the sender and a sender to its
 * receivers: the group key is the sender's, everything else is agreed hop by hop (docs/protocol.md, section 12.5).
 */
import type { Sealer } from '@uftp/crypto';
import type { ClientKey, KeyInfoItem, Register, Span } from '@uftp/wire';
import type { SessionSecurityFacts } from '../events.ts';
import type { Endpoint } from '../ports.ts';
import type { Encode } from '../shared/encode.ts';

/** What became of a REGISTER or a CLIENT_KEY of a receiver. */
export type RelayVerdict =
	/** Good; with the fingerprint of the receiver's key once that is proved. A repeat changes nothing, and is good again. */
	| { readonly kind: 'taken'; readonly fingerprint: Uint8Array | undefined }
	/** Nothing to be said to anybody: it came too early, or is not that receiver's; an honest one repeats itself. */
	| { readonly kind: 'ignored'; readonly reason: string }
	/** A sentence for the receiver that says why it is not served. What comes in its name later may be good all the same. */
	| { readonly kind: 'refused'; readonly reason: string };

export interface RelaySecurity {
	readonly facts: SessionSecurityFacts;
	/** Receivers must show their key (CLIENT_KEY): the sender's ENC_INFO asks for it. */
	readonly needsClientKeys: boolean;
	/** Key-exchange signatures: every sealed datagram is verified here and signed anew with the proxy's key. */
	readonly signsAnew: boolean;

	// ---- towards the sender, as a receiver

	readonly rand2: Uint8Array;
	readonly keyInfo: Span;
	/** The proxy's own CLIENT_KEY; undefined if the sender asks for none. */
	readonly clientKey: ClientKey | undefined;
	/**
	 * Takes the group key out of the proxy's item of a KEYINFO; false if it does not fit. KEYINFO is not authenticated: until
	 * something has been opened with a key, a later one replaces it, and receivers that got the first have to be keyed anew.
	 */
	takeGroupKey(counter: bigint, sourceId: number, item: KeyInfoItem): boolean;
	readonly hasGroupKey: boolean;
	/** What the proxy's KEYINFO_ACK says. */
	verifyData(): Uint8Array;
	/** Opens a datagram of the sender in place: plain bytes, or a negative refusal. */
	openFromSender(bytes: Uint8Array, at: number, length: number): number;
	/** Seals the proxy's own messages to the sender; undefined until the group key is there. */
	readonly sealer: Sealer | undefined;

	// ---- towards the receivers, as a sender

	/**
	 * Client proxies: puts the proxy's own keys in place of the sender's into an ANNOUNCE of this session, in place and of
	 * the same length, and signs it anew where ANNOUNCEs are signed. False, and the bytes are as they were, if it is not
	 * the sender's: it must not be forwarded. Response proxies forward no ANNOUNCE.
	 */
	rewriteAnnounce(now: number, bytes: Uint8Array, at: number, length: number): boolean;
	/**
	 * A receiver's REGISTER. Where keys are needed, the receiver is in the session once a verdict says its fingerprint: that
	 * of `proveKey`, or this one, if its CLIENT_KEY came earlier.
	 */
	register(now: number, receiverId: number, from: Endpoint, message: Register): RelayVerdict;
	/** A receiver's CLIENT_KEY, checked against its REGISTER, and against `pinned` if given (20 bytes). */
	proveKey(
		now: number,
		receiverId: number,
		from: Endpoint,
		message: ClientKey,
		pinned: Uint8Array | undefined,
	): RelayVerdict;
	/** A KEYINFO with the group key for these receivers, wrapped at the moment of sending; its header bears the sender's id. */
	keyInfoFor(receiverIds: readonly number[]): Encode;
	/** A receiver's KEYINFO_ACK: true when it proves that it has the group key. */
	acknowledge(receiverId: number, verifyData: Uint8Array): boolean;
	/** Opens a datagram of a receiver in place: plain bytes, or a negative refusal. */
	openFromReceiver(receiverId: number, bytes: Uint8Array, at: number, length: number): number;
	/** The receiver is gone: forgets its keys. */
	forget(receiverId: number): void;
	/**
	 * Key-exchange signatures: verifies a sealed datagram of the sender / of a receiver as it stands, and puts the proxy's
	 * own signature in place of the other, in place. False if it was not signed rightly, or the lengths differ.
	 */
	signDownAnew(bytes: Uint8Array, at: number, length: number): boolean;
	signUpAnew(receiverId: number, bytes: Uint8Array, at: number, length: number): boolean;
}
