import { CurveId, curveById, generateEcKey, generateRsaKey, type PrivateKey } from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import { encodeAnnounce, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { KEY_OPERATIONS_PER_SECOND } from '../../../src/limits.ts';
import type { GatheringProxyConfig, ProxySecurityConfig } from '../../../src/proxy/proxy-config.ts';
import { type RelayAcceptance, RelaySecurer } from '../../../src/proxy/security/relay-securer.ts';
import { backend, ECDSA_GCM, ecKey, RSA_HMAC, SENDER_ID } from '../../secured/pair.ts';
import {
	acceptBy,
	announceIn,
	datagram,
	Hop,
	PROXY_AT,
	PROXY_RSA,
	proxyConfig,
	proxySecurity,
	SENDER_AT,
} from './hop.ts';

const hop = new Hop('client', ECDSA_GCM);
const rsaHop = new Hop('client', RSA_HMAC);
const P384 = curveById(CurveId.SECP384R1)!;
const senderFingerprint = hop.relay.facts.senderFingerprint;

/** The announcement in the clear. */
function clearAnnounce(): Uint8Array {
	const { encInfo: _, ...announce } = announceIn(hop.announced);
	return datagram(MessageType.ANNOUNCE, SENDER_ID, (bytes, at) => encodeAnnounce(bytes, at, announce));
}

function judged(
	security: Partial<ProxySecurityConfig>,
	bytes = hop.announced,
	kind: GatheringProxyConfig['kind'] = 'client',
	from = SENDER_AT,
): RelayAcceptance {
	return acceptBy(new RelaySecurer(proxyConfig(kind, proxySecurity(security))), bytes.slice(), from);
}

function reasonOf(acceptance: RelayAcceptance): string {
	return acceptance.kind === 'refuse' ? acceptance.reason : acceptance.kind;
}

describe('a gathering proxy that hears an ANNOUNCE', () => {
	it('serves sessions in the clear, unless it was told to take encrypted ones only', () => {
		expect(judged({}, clearAnnounce())).toEqual({ kind: 'join', security: undefined });
		expect(reasonOf(judged({ encryptedOnly: true }, clearAnnounce()))).toBe('No unencrypted transfers allowed');
	});

	it('takes no encrypted session without keys', () => {
		const securer = new RelaySecurer(proxyConfig('client', undefined));
		expect(reasonOf(acceptBy(securer, hop.announced))).toMatch(/^This proxy was started without encryption/);
		expect(acceptBy(securer, clearAnnounce()).kind).toBe('join');
	});

	it('says which key it would need, and takes one that is made for it', () => {
		expect(reasonOf(judged({ keys: [generateEcKey(backend, P384, systemRandom), PROXY_RSA] }))).toBe(
			'No proxy key compatible with server key: the proxy has EC, secp384r1; RSA, 1024 bits, ' +
				'it needs EC, secp256r1',
		);
		expect(reasonOf(judged({ keys: [ecKey(), generateRsaKey(backend, 512)] }, rsaHop.announced))).toMatch(
			/the proxy has EC, secp256r1; RSA, 512 bits, it needs RSA, 1024 bits$/,
		);
		expect(reasonOf(judged({ keys: [] }))).toMatch(/the proxy has no key, it needs EC, secp256r1/);
		const made: PrivateKey[] = [];
		const keyFor = () => {
			made.push(ecKey());
			return made[0];
		};
		expect(judged({ keys: [], keyFor }).kind).toBe('join');
		expect(made).toHaveLength(1);
		expect(reasonOf(judged({ keys: [], keyFor: () => PROXY_RSA }))).toMatch(/it needs EC, secp256r1/);
	});

	it('as a response proxy uses the key that it shows, and no other', () => {
		const keyFor = () => ecKey();
		expect(reasonOf(judged({ keys: [PROXY_RSA, ecKey()], keyFor }, hop.announced, 'response'))).toMatch(
			/the proxy has RSA, 1024 bits, it needs EC, secp256r1/,
		);
		expect(judged({ keys: [PROXY_RSA, ecKey()] }, rsaHop.announced, 'response').kind).toBe('join');
	});

	it("as a response proxy needs an ECDH key on the curve of the sender's", () => {
		const keys = [ecKey()];
		expect(reasonOf(judged({ keys }, hop.announced, 'response'))).toBe(
			'Proxy ECDH key not compatible with server key: the proxy has no ECDH key, ' + 'the sender one on secp256r1',
		);
		expect(reasonOf(judged({ keys, agreementCurve: P384 }, hop.announced, 'response'))).toMatch(
			/the proxy has an ECDH key on secp384r1, the sender one on secp256r1/,
		);
		const other = new Hop('client', ECDSA_GCM, { sender: { agreementCurve: P384 } });
		expect(judged({ keys, agreementCurve: P384 }, other.announced, 'response').kind).toBe('join');
	});

	it('holds the sender to its list: by id, by fingerprint, and by address where it can see that', () => {
		const entry = { senderId: SENDER_ID, fingerprint: senderFingerprint };
		const joined = judged({ senders: [entry] });
		expect(joined.kind === 'join' && joined.security?.facts.isPinned).toBe(true);
		expect(reasonOf(judged({ senders: [{ senderId: 7 }] }))).toMatch(/is not in this proxy's list$/);
		const wrong = { ...entry, fingerprint: PROXY_RSA.publicKey.fingerprint };
		expect(reasonOf(judged({ senders: [wrong] }))).toMatch(/^The sender's key is .*, this proxy's list has /);
		expect(reasonOf(judged({ senders: [entry] }, clearAnnounce()))).toMatch(/this proxy knows the sender by its key$/);

		const elsewhere = { senders: [{ ...entry, address: '10.9.9.9' }] };
		expect(judged(elsewhere, hop.announced, 'client', PROXY_AT).kind).toBe('join');
		const response = { ...elsewhere, keys: [ecKey()], agreementCurve: curveById(CurveId.SECP256R1)! };
		expect(reasonOf(judged(response, hop.announced, 'response'))).toMatch(/it has the UID at another address$/);
	});

	it('ignores what is not signed with the key that it shows: any changed byte, any swapped key', () => {
		for (let at = 16; at < hop.announced.length; at += 7) {
			const changed = hop.announced.slice();
			changed[at] ^= 0x10;
			let verdict: string;
			try {
				verdict = judged({}, changed).kind;
			} catch {
				// It is no ANNOUNCE any more.
				continue;
			}
			expect(verdict, `byte ${at}`).not.toBe('join');
		}
		const { publicKey } = announceIn(hop.announced).encInfo!;
		const swapped = hop.announced.slice();
		swapped.set(ecKey().publicKey.blob, publicKey.at);
		expect(judged({}, swapped)).toEqual({
			kind: 'ignore',
			reason: 'The ANNOUNCE is not signed with the key that it shows',
		});
	});

	it('lets an encrypted session be followed by neither a clear one nor one with another key', () => {
		const { securer, relay, announced } = hop;
		expect(acceptBy(securer, announced.slice(), SENDER_AT, relay).kind).toBe('join');
		expect(acceptBy(securer, clearAnnounce(), SENDER_AT, relay)).toMatchObject({ kind: 'ignore' });
		const other = new Hop('client', ECDSA_GCM);
		expect(acceptBy(securer, other.announced, SENDER_AT, relay)).toEqual({
			kind: 'ignore',
			reason: 'An encrypted session cannot go on with another key',
		});
	});

	it('works out keys for so many announcements a second, and ignores the rest', () => {
		const securer = new RelaySecurer(proxyConfig('client', proxySecurity()));
		const unlisted = hop.announced.slice();
		unlisted[unlisted.length - 30] ^= 1;
		for (let i = 0; i < KEY_OPERATIONS_PER_SECOND; i++) acceptBy(securer, unlisted);
		expect(acceptBy(securer, hop.announced)).toEqual({
			kind: 'ignore',
			reason: 'Too many encrypted sessions announced at once',
		});
	});
});
