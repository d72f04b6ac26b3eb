/** The security of a sender, of a gathering proxy and of its receivers, face to face: no session, no network, no clock. */
import {
	type EcPublicKey,
	generateRsaKey,
	importKeyBlob,
	KeyExchange,
	NonceCounter,
	type PrivateKey,
	type PublicKey,
	type Suite,
} from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import {
	type Announce,
	decodeAnnounce,
	decodeHeader,
	decodeKeyInfo,
	emptyHeader,
	encodeAnnounce,
	encodeComplete,
	HEADER_BYTES,
	isMalformed,
	type KeyInfo,
	MessageType,
	type Register,
	writeHeader,
} from '@uftp/wire';
import type { Endpoint } from '../../../src/ports.ts';
import type { GatheringProxyConfig, ProxySecurityConfig } from '../../../src/proxy/proxy-config.ts';
import { PROXY_DEFAULTS } from '../../../src/proxy/proxy-config.ts';
import type { RelayVerdict } from '../../../src/proxy/security/receiver-handshakes.ts';
import { type RelayAcceptance, RelaySecurer } from '../../../src/proxy/security/relay-securer.ts';
import type { RelaySessionSecurity } from '../../../src/proxy/security/relay-session-security.ts';
import type { SenderSecurityConfig } from '../../../src/security-config.ts';
import { Member } from '../../../src/sender/membership/members.ts';
import { SenderSecurity } from '../../../src/sender/security/sender-security.ts';
import { agree } from '../../../src/shared/security/key-agreement.ts';
import { agreeOnKeys, checkClientKey, isAcknowledged } from '../../../src/shared/security/member-keys.ts';
import { SessionSecurity } from '../../../src/shared/security/session-security.ts';
import { backend, ecKey, receiverSecurity, SENDER_ID, senderSecurity } from '../../secured/pair.ts';
import { config, GROUP } from '../../sender/scripted-receivers.ts';

export const SENDER_AT: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const PROXY_AT: Endpoint = { host: '10.0.0.9', port: 1044 };
export const PROXY_ID = 0x0a000009;

/** Each side has one of its own, of the sender's size. */
export const PROXY_RSA = generateRsaKey(backend, 1024);
const RECEIVER_RSA = [generateRsaKey(backend, 1024), generateRsaKey(backend, 1024)];

export function proxySecurity(changes: Partial<ProxySecurityConfig> = {}): ProxySecurityConfig {
	return { backend, random: systemRandom, keys: [ecKey(), PROXY_RSA], encryptedOnly: false, ...changes };
}

export function proxyConfig(
	kind: 'client' | 'response',
	security: ProxySecurityConfig | undefined,
	changes: Partial<GatheringProxyConfig> = {},
): GatheringProxyConfig {
	return {
		kind,
		proxyId: PROXY_ID,
		ownAddresses: [PROXY_AT.host],
		ownPort: PROXY_AT.port,
		instance: [5, 6],
		seed: 1,
		publicGroups: [],
		receiverPort: 1044,
		security,
		...PROXY_DEFAULTS,
		...changes,
	};
}

type Encode = (bytes: Uint8Array, at: number) => number;

export function datagram(func: MessageType, sourceId: number, encode: Encode): Uint8Array {
	const bytes = new Uint8Array(3000);
	writeHeader(bytes, 0, { ...emptyHeader(), func, sourceId, groupId: GROUP });
	return bytes.slice(0, HEADER_BYTES + encode(bytes, HEADER_BYTES));
}

export function announceIn(bytes: Uint8Array): Announce {
	const announce = decodeAnnounce(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
	if (isMalformed(announce)) throw new Error(announce.malformed);
	return announce;
}

/** What the proxy says to an ANNOUNCE. */
export function acceptBy(
	securer: RelaySecurer,
	bytes: Uint8Array,
	from = SENDER_AT,
	replaced?: RelaySessionSecurity,
): RelayAcceptance {
	const header = decodeHeader(bytes, 0, bytes.length);
	if (isMalformed(header)) throw new Error(header.malformed);
	const heard = { from, header, announce: announceIn(bytes), bytes, at: 0, length: bytes.length };
	return securer.accept(1000, heard, replaced);
}

export class Hop {
	readonly suite: Suite;
	readonly sender: SenderSecurity;
	readonly securer: RelaySecurer;
	readonly kind: 'client' | 'response';
	readonly relay: RelaySessionSecurity;
	/** The proxy as the sender sees it. */
	readonly peer = new Member(PROXY_ID);
	readonly announced: Uint8Array;

	constructor(
		kind: 'client' | 'response',
		suite: Suite,
		{ sender = {}, proxy = {} }: { sender?: Partial<SenderSecurityConfig>; proxy?: Partial<ProxySecurityConfig> } = {},
	) {
		this.kind = kind;
		this.suite = suite;
		const session = config({ sourceId: SENDER_ID });
		this.sender = new SenderSecurity(session, senderSecurity({ suite, ...sender }), 0);
		const isEc = suite.keyExchange === KeyExchange.ECDH_ECDSA;
		const keys = kind === 'client' ? [ecKey(), PROXY_RSA] : [isEc ? ecKey() : PROXY_RSA];
		const agreementCurve = this.sender.agreementKey?.publicKey.curve;
		this.securer = new RelaySecurer(proxyConfig(kind, proxySecurity({ keys, agreementCurve, ...proxy })));
		this.announced = this.announce();
		const accepted = acceptBy(this.securer, this.announced);
		if (accepted.kind !== 'join' || accepted.security === undefined) throw new Error(JSON.stringify(accepted));
		this.relay = accepted.security;
	}

	announce(): Uint8Array {
		const bytes = datagram(MessageType.ANNOUNCE, SENDER_ID, (to, at) =>
			encodeAnnounce(to, at, {
				sync: false,
				preview: false,
				family: 4,
				robust: 20,
				ccType: 0,
				blockBytes: 1300,
				timestamp: { seconds: 1000, microseconds: 0 },
				publicAddress: '230.4.4.1',
				privateAddress: '230.5.5.5',
				ids: [],
				encInfo: this.sender.encInfo,
			}),
		);
		this.sender.signAnnounce(bytes, bytes.length);
		return bytes;
	}

	/** The ANNOUNCE as receivers hear it. */
	heard(): Uint8Array {
		const bytes = this.announced.slice();
		if (this.kind === 'client' && !this.relay.rewriteAnnounce(1000, bytes, 0, bytes.length)) {
			throw new Error('the proxy does not forward the ANNOUNCE');
		}
		return bytes;
	}

	/** The proxy registers with the sender and gets the group key; false if the sender does not believe it. */
	keyProxy(): boolean {
		const { sender, relay, peer } = this;
		const register = { timestamp: { seconds: 1000, microseconds: 0 }, rand2: relay.rand2, keyInfo: relay.keyInfo };
		const keys = agreeOnKeys(sender, GROUP, PROXY_AT, { ...register, ids: [] });
		if (typeof keys === 'string') throw new Error(keys);
		if (sender.needsClientKeys) {
			const wrong = checkClientKey(sender, PROXY_ID, keys, relay.clientKey!, undefined);
			if (wrong !== undefined) throw new Error(wrong);
		}
		peer.keys = keys;
		const { counter, items } = keyInfoIn(
			datagram(MessageType.KEYINFO, SENDER_ID, this.#encode(sender.keyInfoFor([peer]))),
		);
		return relay.takeGroupKey(counter, SENDER_ID, items[0]) && isAcknowledged(sender, keys, relay.verifyData());
	}

	/** A KEYINFO of the proxy for these receivers, decoded. */
	keyInfo(ids: readonly number[]): KeyInfo {
		return keyInfoIn(datagram(MessageType.KEYINFO, SENDER_ID, this.#encode(this.relay.keyInfoFor(ids))));
	}

	#encode(encode: (bytes: Uint8Array, at: number, now: number) => number): Encode {
		return (bytes, at) => encode(bytes, at, 1000);
	}

	/** A sealed message of the sender. */
	sealedBySender(): Uint8Array {
		return sealed(this.sender.sealer, SENDER_ID);
	}

	sealedByProxy(): Uint8Array {
		return sealed(this.relay.sealer!, PROXY_ID);
	}
}

/** A sealed COMPLETE. */
export function sealed(sealer: SessionSecurity['sealer'] & object, sourceId: number): Uint8Array {
	const bytes = new Uint8Array(3000);
	writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.COMPLETE, sourceId, groupId: GROUP });
	const length = encodeComplete(bytes, sealer.plainOffset, { fileId: 1, status: 0, ids: [] });
	return bytes.slice(0, sealer.seal(bytes, 0, length));
}

function keyInfoIn(bytes: Uint8Array): KeyInfo {
	const message = decodeKeyInfo(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
	if (isMalformed(message)) throw new Error(message.malformed);
	return message;
}

export class HopReceiver {
	readonly id: number;
	readonly at: Endpoint;
	readonly security: SessionSecurity;
	readonly register: Register;

	/** Answers the ANNOUNCE that comes through the proxy, or says why not. */
	constructor(
		id: number,
		hop: Hop,
		key: PrivateKey = hop.suite.keyExchange === KeyExchange.ECDH_ECDSA ? ecKey() : RECEIVER_RSA[id % 2],
	) {
		this.id = id;
		this.at = { host: `10.0.1.${id & 0xff}`, port: 1044 };
		const own = receiverSecurity({ keys: [key] });
		const bytes = hop.heard();
		const announce = announceIn(bytes);
		const agreement = agree({ role: 'receiver', instance: [id, 1] }, own, {
			encInfo: announce.encInfo!,
			proxy: shownKeys(hop),
			groupId: GROUP,
			senderId: SENDER_ID,
			from: hop.kind === 'client' ? PROXY_AT : SENDER_AT,
			privateAddress: announce.privateAddress,
			timestampSeconds: 1000,
			bytes,
			at: 0,
			length: bytes.length,
		});
		if ('isForged' in agreement) throw new Error(agreement.reason);
		this.security = new SessionSecurity(own, agreement, NonceCounter.anywhere(systemRandom));
		const { rand2, keyInfo } = this.security;
		this.register = { timestamp: { seconds: 1000, microseconds: 0 }, rand2, keyInfo, ids: [] };
	}

	/** REGISTER, and CLIENT_KEY where it is asked for: the proxy's last word. */
	registerWith({ relay }: Hop): RelayVerdict {
		const verdict = relay.register(1000, this.id, this.at, this.register);
		if (verdict.kind !== 'taken' || !relay.needsClientKeys) return verdict;
		return relay.proveKey({
			now: 1000,
			receiverId: this.id,
			from: this.at,
			message: this.security.clientKey!,
			pinned: undefined,
		});
	}

	/** Takes the group key out of a KEYINFO of the proxy; whether the proxy believes the answer. */
	takeKey(hop: Hop, { counter, items }: KeyInfo = hop.keyInfo([this.id])): boolean {
		const item = items.find(({ clientId }) => clientId === this.id);
		if (item === undefined || !this.security.takeGroupKey(counter, SENDER_ID, item)) return false;
		return hop.relay.acknowledge(this.id, this.security.verifyData());
	}

	sealed(sourceId = this.id): Uint8Array {
		return sealed(this.security.sealer!, sourceId);
	}
}

/** What PROXY_KEY says, as a receiver reads it. */
function shownKeys({ kind, securer }: Hop) {
	if (kind === 'client') return undefined;
	const { publicKey, dhKey } = securer.proxyKeys!.compose();
	const importSpan = (span: typeof publicKey): PublicKey => importKeyBlob(backend, span.bytes, span.at, span.length)!;
	const agreementKey = dhKey.length === 0 ? 'has none' : (importSpan(dhKey) as EcPublicKey);
	return { endpoint: PROXY_AT, publicKey: importSpan(publicKey), agreementKey };
}
