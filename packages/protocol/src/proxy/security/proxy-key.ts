/**
 * The keys of a response proxy that outlive sessions, and the PROXY_KEY that shows them to its receivers, who agree on
 * keys with it in place of the sender (docs/protocol.md, section 12.6).
 */

import { describeKey, type EcPrivateKey, generateEcKey, type PrivateKey } from '@uftp/crypto';
import { EMPTY_SPAN, type ProxyKey, spanOf } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { signNonce } from '../../shared/security/nonce-signature.ts';
import { ProxyConfigError, type ProxySecurityConfig } from '../proxy-config.ts';

const NONCE_BYTES = 4;
const WORD_BYTES = 4;

export class ProxyKeys {
	/** The first of the configured keys: receivers are shown one, whatever the sender's is. */
	readonly key: PrivateKey;
	/** Own half of ECDH key agreements; undefined if no curve is configured. */
	readonly agreementKey: EcPrivateKey | undefined;
	readonly #config: ProxySecurityConfig;

	/** ProxyConfigError if there is no key, or one whose lengths the format cannot carry. */
	constructor(config: ProxySecurityConfig) {
		const { backend, random, agreementCurve, keys } = config;
		const [key] = keys;
		if (key === undefined) throw new ProxyConfigError('proxy-key-missing');
		this.#config = config;
		this.key = key;
		this.agreementKey = agreementCurve && generateEcKey(backend, agreementCurve, random);
		const { publicKey, dhKey, signature } = this.compose();
		if ((publicKey.length + dhKey.length + signature.length) % WORD_BYTES === 0) return;
		throw new ProxyConfigError('proxy-key-misfit', { key: describeKey(key.publicKey) });
	}

	/** A PROXY_KEY with a nonce of its own. */
	compose(): ProxyKey {
		const { backend, random } = this.#config;
		const nonce = newNonce(random(NONCE_BYTES));
		return {
			nonce,
			publicKey: spanOf(this.key.publicKey.blob),
			dhKey: this.agreementKey === undefined ? EMPTY_SPAN : spanOf(this.agreementKey.publicKey.blob),
			signature: spanOf(signNonce(backend, this.key, nonce)),
		};
	}
}

function newNonce(bytes: Uint8Array): number {
	assert(bytes.length === NONCE_BYTES, 'chance has as many bytes as were asked for');
	let nonce = 0;
	for (const byte of bytes) nonce = nonce * 0x100 + byte;
	return nonce;
}
