/**
 * The response proxy of a receiving node: where its answers go instead of to the sender, and the keys that the proxy
 * has shown for encrypted sessions (docs/protocol.md, section 12.6).
 *
 * A PROXY_KEY is signed over four bytes that the proxy drew, not over the keys in it. It says that somebody at the
 * proxy's address once held that key, no more; a configured fingerprint says whose key it must be.
 */

import { type EcPublicKey, formatFingerprint, importKeyBlob, keyBlobRefusal, sameFingerprint } from '@uftp/crypto';
import {
	decodeProxyKey,
	emptyHeader,
	encodeKeyReq,
	HEADER_BYTES,
	isMalformed,
	MessageType,
	type ProxyKey,
	type Span,
	writeHeader,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import type { ReceiverEvent } from '../../events.ts';
import { KEY_REQUEST_MS, PROXY_KEYS_PER_SECOND, SESSION_WARNINGS_MAX } from '../../limits.ts';
import type { Endpoint, OutgoingBatch } from '../../ports.ts';
import type { ReceiverConfig, ResponseProxyConfig } from '../../receiver-config.ts';
import { Allowance } from '../../shared/allowance.ts';
import { formatEndpoint, isSameEndpoint } from '../../shared/endpoints.ts';
import type { ResponseProxyKeys } from '../../shared/security/key-agreement.ts';
import { isNonceSigned } from '../../shared/security/nonce-signature.ts';
import { NEVER } from '../../timers.ts';
import { OverheardKeys } from './overheard-keys.ts';

/** What became of a PROXY_KEY: `taken` is news, `known` is none; else why it is dropped. */
export type ProxyKeyVerdict = 'taken' | 'known' | DropReason;

/** So often the proxy was asked before another address is suspected to be its own; an answer comes so soon. */
const UNANSWERED_MIN = 2;
const ANSWER_MS = 1000;

export class ResponseProxy {
	readonly #receiverId: number;
	readonly #security: ReceiverConfig['security'];
	readonly #emit: (event: ReceiverEvent) => void;
	readonly #allowance = new Allowance(PROXY_KEYS_PER_SECOND, 1000);
	readonly #overheard = new OverheardKeys();
	#config: ResponseProxyConfig | undefined;
	/** Undefined as long as no valid PROXY_KEY has come. */
	keys: ResponseProxyKeys | undefined;
	/** Why there are none yet. */
	#problem = '';
	/** When KEY_REQ is due again. */
	#askAt = NEVER;
	#lastAskedAt = -NEVER;
	#isAsking = false;
	/** KEY_REQs that this proxy was sent. */
	#asked = 0;
	/** Warnings about it, each said once. */
	readonly #told = new Set<string>();

	constructor({ receiverId, security, responseProxy }: ReceiverConfig, emit: (event: ReceiverEvent) => void) {
		this.#receiverId = receiverId;
		this.#security = security;
		this.#emit = emit;
		this.set(0, responseProxy);
	}

	/** Where the answers of new sessions go; undefined: to their senders. */
	get endpoint(): Endpoint | undefined {
		return this.#config?.endpoint;
	}

	/** Why a session cannot be encrypted yet, as a sentence. */
	get problem(): string {
		return this.#problem;
	}

	/** Another proxy, or none. Its keys are asked for at once if they were not overheard; those of the same proxy stay. */
	set(now: number, config: ResponseProxyConfig | undefined): void {
		const isSame = isSameProxy(this.#config, config);
		this.#config = config;
		if (isSame) return;
		this.keys = undefined;
		this.#isAsking = false;
		this.#asked = 0;
		this.#told.clear();
		this.#askAt = NEVER;
		this.#lastAskedAt = -NEVER;
		if (config === undefined) return;
		this.#problem = silentProblem(config);
		// A node without keys takes no encrypted sessions: it needs none of the proxy's.
		if (this.#security === undefined) return;
		this.#askAt = now;
		const overheard = this.#overheard.of(config.endpoint);
		if (overheard !== undefined) this.handleProxyKey(now, config.endpoint, overheard, 0, overheard.length);
	}

	/** A session came to nothing with the keys that are here: the proxy may have others by now. */
	doubt(now: number): void {
		if (this.keys !== undefined) this.#askAt = Math.max(now, this.#lastAskedAt + KEY_REQUEST_MS);
	}

	/** The proxy there is dead: one that may come at its place has other keys. */
	forgetKeys(now: number, endpoint: Endpoint): void {
		this.#overheard.forget(endpoint);
		if (this.#config === undefined || this.#security === undefined) return;
		if (!isSameEndpoint(this.#config.endpoint, endpoint)) return;
		this.keys = undefined;
		this.#problem = silentProblem(this.#config);
		this.#askAt = Math.max(now, this.#lastAskedAt + KEY_REQUEST_MS);
	}

	handleProxyKey(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): ProxyKeyVerdict {
		const config = this.#config;
		if (config === undefined || !isSameEndpoint(config.endpoint, from)) {
			// The PROXY_KEYs of all response proxies of a network reach all of its receivers.
			if (this.#security !== undefined) this.#overheard.note(now, from, bytes, at, length);
			if (config !== undefined) this.#suspectOtherAddress(now, config, from);
			return 'proxy-key-unasked';
		}
		const message = decodeProxyKey(bytes, at, length);
		if (isMalformed(message)) return message.malformed;
		const { keys } = this;
		const isAwaited = this.#askAt !== NEVER;
		if (!isAwaited && keys !== undefined && isSameKeys(keys, message)) return 'known';
		if (this.#security === undefined) return 'proxy-key-unasked';
		if (!this.#allowance.take(now)) return 'too-many-signatures';
		const offered = this.#verified(message, config);
		if (typeof offered === 'string') {
			this.#refuse(offered);
			return 'proxy-key-invalid';
		}
		this.#askAt = NEVER;
		this.#isAsking = false;
		this.#problem = '';
		const isOther = keys !== undefined && !sameFingerprint(keys.publicKey.fingerprint, offered.publicKey.fingerprint);
		this.keys = offered;
		const { fingerprint } = offered.publicKey;
		this.#emit({ kind: 'proxyKeyReceived', proxy: config.endpoint, fingerprint, isOther });
		return 'taken';
	}

	/** The keys in a PROXY_KEY, or why they are not believed. */
	#verified(message: ProxyKey, config: ResponseProxyConfig): ResponseProxyKeys | string {
		assert(this.#security !== undefined, 'only a node with keys looks at those of its proxy');
		const { backend } = this.#security;
		const where = `The PROXY_KEY of the response proxy at ${formatEndpoint(config.endpoint)} is not taken`;
		const { publicKey, dhKey, signature, nonce } = message;
		const key = importKeyBlob(backend, publicKey.bytes, publicKey.at, publicKey.length);
		if (key === undefined) return `${where}: ${refusalOf(backend, publicKey)}`;
		if (!isNonceSigned(backend, key, nonce, signature)) {
			return `${where}: its signature is not of the key in it`;
		}
		const { fingerprint } = config;
		if (fingerprint !== undefined && !sameFingerprint(fingerprint, key.fingerprint)) {
			const offered = formatFingerprint(key.fingerprint);
			return `${where}: it has the key ${offered}, and the configured fingerprint is ${formatFingerprint(fingerprint)}`;
		}
		return { endpoint: config.endpoint, publicKey: key, agreementKey: this.#agreementKey(dhKey) };
	}

	#agreementKey(dhKey: Span): EcPublicKey | string {
		if (dhKey.length === 0) return 'has no ECDH key: it must be started with one';
		assert(this.#security !== undefined, 'only a node with keys looks at those of its proxy');
		const { backend } = this.#security;
		const key = importKeyBlob(backend, dhKey.bytes, dhKey.at, dhKey.length);
		return key?.kind === 'ec' ? key : `has an ECDH key that cannot be used: ${refusalOf(backend, dhKey)}`;
	}

	/** It answers at once, but never from the configured address: perhaps it has several. */
	#suspectOtherAddress(now: number, config: ResponseProxyConfig, from: Endpoint): void {
		if (this.#problem !== silentProblem(config) || this.#asked < UNANSWERED_MIN) return;
		if (now - this.#lastAskedAt > ANSWER_MS) return;
		const hint = `a PROXY_KEY came from ${formatEndpoint(from)}: if that is the same proxy, name it by this address`;
		this.#refuse(`${silentProblem(config)}; ${hint}`);
	}

	#refuse(problem: string): void {
		if (this.keys === undefined) this.#problem = problem;
		if (this.#told.has(problem) || this.#told.size >= SESSION_WARNINGS_MAX) return;
		this.#told.add(problem);
		this.#emit({ kind: 'warning', message: problem });
	}

	get deadline(): number {
		return this.#askAt;
	}

	handleTimeout(now: number): void {
		if (this.#askAt > now) return;
		this.#isAsking = true;
		this.#askAt = now + KEY_REQUEST_MS;
		this.#lastAskedAt = now;
		this.#asked++;
		assert(this.#config !== undefined, 'a key is asked for when there is a proxy');
		this.#emit({ kind: 'proxyKeyRequested', proxy: this.#config.endpoint });
	}

	/** Composes the KEY_REQ that is due, if one is. */
	poll(batch: OutgoingBatch): boolean {
		const { endpoint } = this;
		if (!this.#isAsking || endpoint === undefined) return false;
		this.#isAsking = false;
		const header = { ...emptyHeader(), func: MessageType.KEY_REQ, sourceId: this.#receiverId };
		writeHeader(batch.bytes, 0, header);
		const length = HEADER_BYTES + encodeKeyReq(batch.bytes, HEADER_BYTES);
		batch.count = 1;
		batch.stride = length;
		batch.lastLength = length;
		batch.file = -1;
		batch.destination = endpoint;
		return true;
	}
}

function silentProblem({ endpoint }: ResponseProxyConfig): string {
	return `The response proxy at ${formatEndpoint(endpoint)} has not sent its key yet`;
}

function isSameProxy(one: ResponseProxyConfig | undefined, other: ResponseProxyConfig | undefined): boolean {
	if (one === undefined || other === undefined) return one === other;
	if (!isSameEndpoint(one.endpoint, other.endpoint)) return false;
	if (one.fingerprint === undefined || other.fingerprint === undefined) return one.fingerprint === other.fingerprint;
	return sameFingerprint(one.fingerprint, other.fingerprint);
}

function isSameKeys(keys: ResponseProxyKeys, { publicKey, dhKey }: ProxyKey): boolean {
	if (!isSameBytes(keys.publicKey.blob, publicKey)) return false;
	const { agreementKey } = keys;
	return typeof agreementKey === 'string' || isSameBytes(agreementKey.blob, dhKey);
}

function isSameBytes(known: Uint8Array, { bytes, at, length }: Span): boolean {
	return known.length === length && known.every((byte, i) => byte === bytes[at + i]);
}

function refusalOf(backend: Parameters<typeof keyBlobRefusal>[0], { bytes, at, length }: Span): string {
	return keyBlobRefusal(backend, bytes, at, length);
}
