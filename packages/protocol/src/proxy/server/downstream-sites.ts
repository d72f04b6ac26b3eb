/** The downstream sites of a server proxy: where each of them is, if anywhere, and whether it has proved to be there. */

import { sameFingerprint } from '@uftp/crypto';
import { hostKey } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { isSameEndpoint, isSameHost } from '../../shared/endpoints.ts';
import { NEVER } from '../../timers.ts';
import type { ServerProxyConfig } from '../proxy-config.ts';
import type { ProxyEvent } from '../proxy-events.ts';

interface Site {
	/** Undefined: it is where the configuration says. */
	readonly fingerprint: Uint8Array | undefined;
	/** Where it is, or was last. */
	endpoint: Endpoint | undefined;
	/** It is served there. */
	isLive: boolean;
	heardAt: number;
	downstreamId: number;
}

export class DownstreamSites {
	readonly #sites: readonly Site[];
	readonly #pinholeMs: number;
	readonly #emit: (event: ProxyEvent) => void;
	/** Where everything from the senders goes: the same array as long as nothing changes. */
	live: readonly Endpoint[] = [];
	/** Numbers of the live endpoints, for `has`. */
	#keys = new Float64Array(0);
	#ports = new Uint16Array(0);

	constructor({ sites, pinholeMs }: ServerProxyConfig, emit: (event: ProxyEvent) => void) {
		this.#pinholeMs = pinholeMs;
		this.#emit = emit;
		this.#sites = sites.map((site) => ({
			fingerprint: site.kind === 'fingerprint' ? site.fingerprint : undefined,
			endpoint: site.kind === 'fingerprint' ? site.remembered : site.endpoint,
			isLive: site.kind === 'address',
			heardAt: -NEVER,
			downstreamId: 0,
		}));
		this.#rebuild();
	}

	/** At least one site has to prove its key. */
	get needsProof(): boolean {
		return this.#sites.some((site) => site.fingerprint !== undefined);
	}

	/** Whether a datagram from there comes from a site that is served. Allocates nothing. */
	has(sourceKey: number, sourcePort: number): boolean {
		const keys = this.#keys;
		for (let i = 0; i < keys.length; i++) {
			if (keys[i] === sourceKey && this.#ports[i] === sourcePort) return true;
		}
		return false;
	}

	isServed(endpoint: Endpoint): boolean {
		return this.live.some((served) => isSameEndpoint(served, endpoint));
	}

	/** Whether a site is, or was last, at this host. */
	wasAt({ host }: Endpoint): boolean {
		return this.#sites.some(({ endpoint }) => endpoint !== undefined && isSameHost(endpoint.host, host));
	}

	/** The site with this key; -1 if none has it. */
	withFingerprint(fingerprint: Uint8Array): number {
		return this.#sites.findIndex((site) => site.fingerprint && sameFingerprint(site.fingerprint, fingerprint));
	}

	/** Where sites that have to prove their keys were before the start, as long as they have not done so. */
	get remembered(): Endpoint[] {
		return this.#sites.flatMap(({ isLive, endpoint }) => (isLive || endpoint === undefined ? [] : [endpoint]));
	}

	/** The site has proved its key from there: it is served there and nowhere else. */
	open(now: number, index: number, downstreamId: number, endpoint: Endpoint): void {
		const site = this.#sites[index];
		assert(site !== undefined, 'a site that proves its key is configured');
		if (site.fingerprint === undefined) return;
		const { fingerprint, endpoint: before } = site;
		const previous = before === undefined || isSameEndpoint(before, endpoint) ? undefined : before;
		site.endpoint = endpoint;
		assert(now >= site.heardAt, 'time does not run backwards for a site');
		site.isLive = true;
		site.heardAt = now;
		site.downstreamId = downstreamId;
		this.#rebuild();
		this.#emit({ kind: 'pinholeOpened', site: index, downstreamId, fingerprint, endpoint, previous });
	}

	/** A heartbeat came from an endpoint that is served. */
	refresh(now: number, downstreamId: number, from: Endpoint): void {
		this.#sites.forEach((site, index) => {
			const { fingerprint, isLive, endpoint } = site;
			if (fingerprint === undefined || !isLive || endpoint === undefined || !isSameEndpoint(endpoint, from)) return;
			site.heardAt = now;
			site.downstreamId = downstreamId;
			this.#emit({ kind: 'pinholeRefreshed', site: index, downstreamId, endpoint });
		});
	}

	/** When the first of them will not have been heard for too long. */
	get deadline(): number {
		let earliest = NEVER;
		for (const { fingerprint, isLive, heardAt } of this.#sites) {
			if (fingerprint !== undefined && isLive) earliest = Math.min(earliest, heardAt + this.#pinholeMs);
		}
		return earliest;
	}

	handleTimeout(now: number): void {
		this.#sites.forEach((site, index) => {
			const { fingerprint, isLive, heardAt, downstreamId, endpoint } = site;
			if (fingerprint === undefined || !isLive || now < heardAt + this.#pinholeMs) return;
			assert(endpoint !== undefined, 'a site that is served is somewhere');
			site.isLive = false;
			this.#rebuild();
			this.#emit({ kind: 'pinholeExpired', site: index, downstreamId, endpoint });
		});
	}

	/** Two sites in one place are sent everything once. */
	#rebuild(): void {
		const live: Endpoint[] = [];
		for (const { isLive, endpoint } of this.#sites) {
			if (!isLive || endpoint === undefined) continue;
			if (!live.some((served) => isSameEndpoint(served, endpoint))) live.push(endpoint);
		}
		assert(live.length <= this.#sites.length, 'a site is served in one place');
		this.live = live;
		this.#keys = Float64Array.from(live, ({ host }) => hostKey(host));
		this.#ports = Uint16Array.from(live, ({ port }) => port);
	}
}
