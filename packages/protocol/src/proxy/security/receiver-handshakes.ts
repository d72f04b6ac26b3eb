/**
 * The keys that a gathering proxy shares with its receivers, who are to it what they are to a sender (docs/protocol.md,
 * section 12.5).
 */
import { isCompatible, SignatureType } from '@uftp/crypto';
import { type ClientKey, formatUid, type Register, spanBytes, spanOf } from '@uftp/wire';
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
import type { RelayVerdict } from '../relay-security.ts';

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
		if (known !== undefined && this.#isSettled(id, known)) return ignored(doubleOf(id, known));
		if (known === undefined && this.#isFull) return { kind: 'refused', reason: 'This proxy serves no more receivers' };
		if (!this.#allowance.take(now)) return ignored('Too many REGISTERs at the same time');
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
		return ignored(`A REGISTER that ${known.keys.from.host} has sent came from ${from.host}`);
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
		return this.#prove(now, id, receiver, early.message, early.pinned);
	}

	proveKey(now: number, id: number, from: Endpoint, message: ClientKey, pinned: Uint8Array | undefined): RelayVerdict {
		if (!this.#terms.needsClientKeys) return ignored('A CLIENT_KEY, though this session asks for none');
		const member = this.#members.get(id);
		if (member !== undefined) return this.#proveAgain(id, member, from, message);
		const receiver = this.#candidates.get(id);
		if (receiver === undefined) {
			// The REGISTER is under way, or will be repeated. What is kept must not hang on to the datagram's memory.
			putBounded(this.#early, EARLY_CLIENT_KEYS_MAX, id, { from, message: copyOf(message), pinned });
			return ignored('A CLIENT_KEY that came before its REGISTER');
		}
		if (!isSameEndpoint(receiver.keys.from, from)) {
			return ignored(`A CLIENT_KEY from ${from.host}, the REGISTER came from ${receiver.keys.from.host}`);
		}
		return this.#prove(now, id, receiver, message, pinned);
	}

	#proveAgain(id: number, member: SharedKeys, from: Endpoint, { publicKey }: ClientKey): RelayVerdict {
		const { clientKey } = member.keys;
		const isSame = isSameEndpoint(member.keys.from, from) && isSameBytes(clientKey!.blob, spanBytes(publicKey));
		return isSame ? taken(member) : ignored(doubleOf(id, member));
	}

	#prove(
		now: number,
		id: number,
		receiver: SharedKeys,
		message: ClientKey,
		pinned: Uint8Array | undefined,
	): RelayVerdict {
		if (this.#isFull) return { kind: 'refused', reason: 'This proxy serves no more receivers' };
		if (!this.#allowance.take(now)) return ignored('Too many CLIENT_KEYs at the same time');
		const wrong = checkClientKey(this.#terms, id, receiver.keys, message, pinned) ?? this.#misfit(receiver);
		if (wrong !== undefined) return { kind: 'refused', reason: `receiver ${formatUid(id)} is not let in: ${wrong}` };
		this.#candidates.delete(id);
		this.#members.set(id, receiver);
		return taken(receiver);
	}

	/** With key-exchange signatures the proxy's have to fit where the receiver's stood. */
	#misfit({ keys }: SharedKeys): string | undefined {
		const { suite, key } = this.#terms.config;
		if (suite.signature !== SignatureType.KEYEX || isCompatible(keys.clientKey!, key.publicKey)) return undefined;
		keys.clientKey = undefined;
		return "its key is of another size or curve than the sender's";
	}

	/** Whether a KEYINFO_ACK proves that it has the group key. */
	acknowledge(id: number, received: Uint8Array): boolean {
		const keys = this.#members.get(id)?.keys;
		if (keys === undefined || !isAcknowledged(this.#terms, keys, received)) return false;
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

function ignored(reason: string): RelayVerdict {
	return { kind: 'ignored', reason };
}

function doubleOf(id: number, { keys }: SharedKeys): string {
	const uid = formatUid(id);
	return `UID ${uid} is in this session already, from ${keys.from.host}: it is used twice, or was started anew`;
}

function copyOf({ publicKey, signature }: ClientKey): ClientKey {
	return { publicKey: spanOf(spanBytes(publicKey)), signature: spanOf(spanBytes(signature)) };
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
	return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** Puts in what is new; when there are too many the oldest goes. */
function putBounded<T>(map: Map<number, T>, most: number, id: number, value: T): void {
	if (!map.has(id) && map.size >= most) map.delete(map.keys().next().value!);
	map.set(id, value);
}
