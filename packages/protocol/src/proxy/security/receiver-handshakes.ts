/**
 * The keys that a gathering proxy shares with its receivers, who are to it what they are to a sender (docs/protocol.md,
 * section 12.5).
 */
import { isCompatible, SignatureType } from '@uftp/crypto';
import { type ClientKey, formatUid, type Register, spanBytes, spanOf } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import { CANDIDATES_MAX, EARLY_CLIENT_KEYS_MAX, RECEIVER_REPLAY_WINDOW } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { Allowance } from '../../shared/allowance.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import {
	agreeOnKeys,
	checkClientKey,
	isAcknowledged,
	type KeyTerms,
	type MemberKeys,
} from '../../shared/security/member-keys.ts';
import { ReplayWindow } from '../../shared/security/replay-window.ts';

/** What became of a REGISTER or a CLIENT_KEY of a receiver. */
export type RelayVerdict =
	/** Good; with the fingerprint of the receiver's key once that is proved. A repeat changes nothing, and is good again. */
	| { readonly kind: 'taken'; readonly fingerprint: Uint8Array | undefined }
	/** Nothing to be said to anybody: it came too early, or is not that receiver's; an honest one repeats itself. */
	| { readonly kind: 'ignored'; readonly reason: DropReason }
	/** A sentence for the receiver that says why it is not served. What comes in its name later may be good all the same. */
	| { readonly kind: 'refused'; readonly reason: string };

/** A CLIENT_KEY of a receiver, checked against its REGISTER, and against `pinned` if given (20 bytes). */
export interface ReceiverKeyProof {
	readonly now: number;
	readonly receiverId: number;
	readonly from: Endpoint;
	readonly message: ClientKey;
	readonly pinned: Uint8Array | undefined;
}

/** One receiver behind the proxy. */
export interface SharedKeys {
	readonly keys: MemberKeys;
	/** Which of its packets have been opened. */
	readonly window: ReplayWindow;
}

/** A CLIENT_KEY that overtook its REGISTER. */
interface EarlyClientKey {
	readonly from: Endpoint;
	readonly message: ClientKey;
	readonly pinned: Uint8Array | undefined;
}

export class ReceiverHandshakes {
	readonly #terms: KeyTerms;
	readonly #groupId: number;
	readonly #allowance: Allowance;
	readonly #most: number;
	readonly #members = new Map<number, SharedKeys>();
	/** Those that have not shown their key yet, where one is asked for, oldest first. */
	readonly #candidates = new Map<number, SharedKeys>();
	readonly #early = new Map<number, EarlyClientKey>();

	/** `most`: receivers in the session. */
	constructor(terms: KeyTerms, groupId: number, allowance: Allowance, most: number) {
		this.#terms = terms;
		this.#groupId = groupId;
		this.#allowance = allowance;
		this.#most = most;
	}

	/** Undefined for everybody who has not registered, or not shown the key that is asked for. */
	get(id: number): SharedKeys | undefined {
		return this.#members.get(id);
	}

	register(now: number, id: number, from: Endpoint, message: Register): RelayVerdict {
		const known = this.#members.get(id) ?? this.#candidates.get(id);
		if (known?.keys.isOf(message) === true) return this.#again(known, from);
		if (known !== undefined && this.#isSettled(id, known)) return ignored('duplicate-id');
		if (known === undefined && this.#isFull) return { kind: 'refused', reason: 'This proxy serves no more receivers' };
		if (!this.#allowance.take(now)) return ignored('too-many-signatures');
		const keys = agreeOnKeys(this.#terms, this.#groupId, from, message);
		if (typeof keys === 'string') return { kind: 'refused', reason: keys };
		const receiver = { keys, window: new ReplayWindow(RECEIVER_REPLAY_WINDOW) };
		if (!this.#terms.needsClientKeys) {
			this.#members.set(id, receiver);
			return taken(receiver);
		}
		this.#candidates.delete(id);
		putBounded(this.#candidates, CANDIDATES_MAX, id, receiver);
		return this.#proveEarly(now, id, receiver);
	}

	#again(known: SharedKeys, from: Endpoint): RelayVerdict {
		if (isSameEndpoint(known.keys.from, from)) return taken(known);
		return ignored('wrong-address');
	}

	/** What it has proved may not be taken from it by whoever uses its id. */
	#isSettled(id: number, { keys }: SharedKeys): boolean {
		return keys.hasGroupKey || (this.#terms.needsClientKeys && this.#members.has(id));
	}

	get #isFull(): boolean {
		return this.#members.size >= this.#most;
	}

	#proveEarly(now: number, id: number, receiver: SharedKeys): RelayVerdict {
		const early = this.#early.get(id);
		if (early === undefined || !isSameEndpoint(early.from, receiver.keys.from)) return taken(receiver);
		this.#early.delete(id);
		const { from, message, pinned } = early;
		return this.#prove(receiver, { now, receiverId: id, from, message, pinned });
	}

	proveKey(proof: ReceiverKeyProof): RelayVerdict {
		const { receiverId, from, message, pinned } = proof;
		if (!this.#terms.needsClientKeys) return ignored('wrong-phase');
		const member = this.#members.get(receiverId);
		if (member !== undefined) return this.#proveAgain(member, from, message);
		const receiver = this.#candidates.get(receiverId);
		if (receiver === undefined) {
			// The REGISTER is under way, or will be repeated. What is kept must not hang on to the datagram's memory.
			putBounded(this.#early, EARLY_CLIENT_KEYS_MAX, receiverId, { from, message: copyOf(message), pinned });
			return ignored('wrong-phase');
		}
		if (!isSameEndpoint(receiver.keys.from, from)) return ignored('wrong-address');
		return this.#prove(receiver, proof);
	}

	#proveAgain(member: SharedKeys, from: Endpoint, { publicKey }: ClientKey): RelayVerdict {
		const { clientKey } = member.keys;
		assert(clientKey !== undefined, 'a member has shown its key where keys are asked for');
		const isSame = isSameEndpoint(member.keys.from, from) && isSameBytes(clientKey.blob, spanBytes(publicKey));
		return isSame ? taken(member) : ignored('duplicate-id');
	}

	#prove(receiver: SharedKeys, { now, receiverId, message, pinned }: ReceiverKeyProof): RelayVerdict {
		if (this.#isFull) return { kind: 'refused', reason: 'This proxy serves no more receivers' };
		if (!this.#allowance.take(now)) return ignored('too-many-signatures');
		const wrong = checkClientKey(this.#terms, receiverId, receiver.keys, message, pinned) ?? this.#misfit(receiver);
		if (wrong !== undefined) {
			return { kind: 'refused', reason: `receiver ${formatUid(receiverId)} is not let in: ${wrong}` };
		}
		this.#candidates.delete(receiverId);
		this.#members.set(receiverId, receiver);
		assert(this.#members.size <= this.#most, 'a session has no more members than it may have');
		return taken(receiver);
	}

	/** With key-exchange signatures the proxy's have to fit where the receiver's stood. */
	#misfit({ keys }: SharedKeys): string | undefined {
		const { suite, key } = this.#terms.config;
		if (suite.signature !== SignatureType.KEYEX) return undefined;
		assert(keys.clientKey !== undefined, 'the key has been checked');
		if (isCompatible(keys.clientKey, key.publicKey)) return undefined;
		keys.clientKey = undefined;
		return "its key is of another size or curve than the sender's";
	}

	/** Whether a KEYINFO_ACK proves that it has the group key. */
	acknowledge(id: number, received: Uint8Array): boolean {
		const keys = this.#members.get(id)?.keys;
		if (keys === undefined || !isAcknowledged(this.#terms, keys, received)) return false;
		assert(!this.#candidates.has(id), 'a member is no candidate');
		keys.hasGroupKey = true;
		return true;
	}

	/** The group key is another one: nobody has it yet. */
	unkey(): void {
		for (const { keys } of this.#members.values()) keys.hasGroupKey = false;
	}

	forget(id: number): void {
		this.#members.delete(id);
		this.#candidates.delete(id);
	}
}

function taken({ keys }: SharedKeys): RelayVerdict {
	return { kind: 'taken', fingerprint: keys.clientKey?.fingerprint };
}

function ignored(reason: DropReason): RelayVerdict {
	return { kind: 'ignored', reason };
}

function copyOf({ publicKey, signature }: ClientKey): ClientKey {
	return { publicKey: spanOf(spanBytes(publicKey)), signature: spanOf(spanBytes(signature)) };
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
	return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** Puts in what is new; when there are too many the oldest goes. */
function putBounded<T>(map: Map<number, T>, most: number, id: number, value: T): void {
	if (!map.has(id) && map.size >= most) {
		for (const oldest of map.keys()) {
			map.delete(oldest);
			break;
		}
	}
	map.set(id, value);
	assert(map.size <= most, 'a bounded table keeps its bound');
}
