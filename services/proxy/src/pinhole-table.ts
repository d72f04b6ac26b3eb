/** What is known of the downstream proxies of a server proxy: on the bus for those who may see it, masked for all others. */
import type { Bus, Subjects } from '@uftp/bus';
import type { Pinhole } from '@uftp/bus/schemas';
import { formatFingerprint } from '@uftp/crypto';
import type { Endpoint, ProxyEvent } from '@uftp/protocol';
import type { EventPublisher, Logger } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import { maskedNetwork } from './masked-network.ts';
import type { PinholeFile } from './pinhole-file.ts';

type PinholeEvent = Extract<ProxyEvent, { readonly kind: 'pinholeOpened' | 'pinholeRefreshed' | 'pinholeExpired' }>;

interface Entry {
	pinhole: Pinhole;
	publishedAtMs: number;
}

export interface PinholeTableOptions {
	readonly bus: Bus;
	readonly subjects: Subjects;
	readonly events: EventPublisher;
	readonly logger: Logger;
	/** Id on the bus and UID of this proxy. */
	readonly id: string;
	readonly uid: string;
	readonly ttlMs: number;
	readonly file: PinholeFile;
	/** Milliseconds since 1970. */
	readonly wallMs?: () => number;
}

export class PinholeTable {
	readonly #options: PinholeTableOptions;
	readonly #wallMs: () => number;
	/** By the site's place in the configuration. */
	readonly #entries = new Map<number, Entry>();

	constructor(options: PinholeTableOptions) {
		this.#options = options;
		this.#wallMs = options.wallMs ?? Date.now;
	}

	take(event: PinholeEvent): void {
		switch (event.kind) {
			case 'pinholeOpened':
				return this.#opened(event);
			case 'pinholeRefreshed':
				return this.#refreshed(event.site);
			case 'pinholeExpired':
				return this.#expired(event.site);
			default:
				event satisfies never;
		}
	}

	#opened(event: Extract<PinholeEvent, { kind: 'pinholeOpened' }>): void {
		const { events, logger, id, uid, ttlMs, file } = this.#options;
		const known = this.#entries.get(event.site)?.pinhole;
		const previous = event.previous ?? (known === undefined ? undefined : { host: known.address, port: known.port });
		const hasMoved = previous !== undefined && !isSame(previous, event.endpoint);
		const now = new Date(this.#wallMs()).toISOString();
		const pinhole: Pinhole = {
			v: 1,
			serverProxy: id,
			uid,
			clientProxy: formatUid(event.downstreamId),
			fingerprint: formatFingerprint(event.fingerprint),
			address: event.endpoint.host,
			port: event.endpoint.port,
			state: 'open',
			observedAt: now,
			lastSeen: now,
			ttlMs: Math.round(ttlMs),
			changes: (known?.changes ?? 0) + (hasMoved ? 1 : 0),
		};
		this.#publish(event.site, { pinhole, publishedAtMs: 0 });
		const problem = file.set(event.fingerprint, event.endpoint);
		if (problem !== undefined) logger.warn(problem);
		const where = `${event.endpoint.host} port ${event.endpoint.port}`;
		logger.info(
			`Proxy ${pinhole.clientProxy} with the key ${pinhole.fingerprint} is at ${where}${hasMoved ? `, before at ${previous.host} port ${previous.port}` : ''}.`,
		);
		events.publish('pinhole', {
			phase: hasMoved ? 'moved' : 'created',
			uid,
			downstream: pinhole.clientProxy,
			fingerprint: pinhole.fingerprint,
			network: maskedNetwork(event.endpoint.host),
			...(hasMoved ? { previousNetwork: maskedNetwork(previous.host) } : {}),
		});
	}

	/** Told often enough that who listens knows within a third of its time. */
	#refreshed(site: number): void {
		const entry = this.#entries.get(site);
		if (entry === undefined) return;
		const now = this.#wallMs();
		entry.pinhole = { ...entry.pinhole, lastSeen: new Date(now).toISOString() };
		if (now - entry.publishedAtMs >= this.#options.ttlMs / 3) this.#publish(site, entry);
	}

	#expired(site: number): void {
		const entry = this.#entries.get(site);
		if (entry === undefined) return;
		const { events, logger, uid } = this.#options;
		entry.pinhole = { ...entry.pinhole, state: 'expired' };
		this.#publish(site, entry);
		const { clientProxy, fingerprint, address } = entry.pinhole;
		logger.warn(`No heartbeat came from proxy ${clientProxy} at ${address}: nothing is sent to it until one comes.`);
		const network = maskedNetwork(address);
		events.publish('pinhole', { phase: 'expired', uid, downstream: clientProxy, fingerprint, network });
	}

	#publish(site: number, entry: Entry): void {
		const { bus, subjects, logger, id } = this.#options;
		entry.publishedAtMs = this.#wallMs();
		this.#entries.set(site, entry);
		try {
			bus.publish(subjects.pinhole(id, entry.pinhole.clientProxy), entry.pinhole, { whenDisconnected: 'drop' });
		} catch (error) {
			logger.warn(`A pinhole was not published: ${(error as Error).message}`);
		}
	}
}

function isSame(a: Endpoint, b: Endpoint): boolean {
	return a.host === b.host && a.port === b.port;
}
