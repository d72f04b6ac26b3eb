/**
 * Who is there, by their heartbeats. Time is the arrival time by this machine's monotonic clock, passed in: neither the
 * clocks of the nodes nor jumps of the wall clock matter.
 */
import type { Heartbeat, Presence, Role } from '@uftp/bus';

/** Heartbeats that may be missing before a node is suspect, and before it is lost. */
const SUSPECT_INTERVALS = 2;
const LOST_INTERVALS = 3;

export interface PresenceLimits {
	/** Nodes that are remembered, lost ones included. */
	readonly maxNodes: number;
	/** Programs with one id that are remembered. */
	readonly maxInstances: number;
	/** How long a lost node is still listed on request. */
	readonly forgetAfterMs: number;
}

export const defaultPresenceLimits: PresenceLimits = {
	maxNodes: 10_000,
	maxInstances: 16,
	forgetAfterMs: 24 * 3_600_000,
};

/** One start of a program, as its heartbeats describe it. */
export interface Instance {
	heartbeat: Heartbeat;
	readonly firstSeenMs: number;
	lastSeenMs: number;
	presence: Presence;
}

/** Something that the owner of the machines wants to read. */
export type PresenceChange =
	| { readonly kind: 'appeared' | 'returned' | 'suspect' | 'lost' | 'left'; readonly heartbeat: Heartbeat }
	/** Two programs are alive with one UID: `heartbeat` spoke now, `other` spoke while it was there already. */
	| { readonly kind: 'duplicate'; readonly heartbeat: Heartbeat; readonly other: Heartbeat }
	/** A new node is not remembered: the table is full of nodes that are there. */
	| { readonly kind: 'full'; readonly heartbeat: Heartbeat };

export class PresenceTable {
	readonly #limits: PresenceLimits;
	/** By "role.id", then by instance, oldest first. */
	readonly #nodes = new Map<string, Map<string, Instance>>();
	/** By "role.uid": everybody who claims it. */
	readonly #byUid = new Map<string, Set<Instance>>();
	readonly #reportedPairs = new Set<string>();

	constructor(limits: Partial<PresenceLimits> = {}) {
		this.#limits = { ...defaultPresenceLimits, ...limits };
	}

	get size(): number {
		return this.#nodes.size;
	}

	/** Takes a heartbeat that arrived at `now`. */
	hear(heartbeat: Heartbeat, now: number): PresenceChange[] {
		const key = keyOf(heartbeat);
		let instances = this.#nodes.get(key);
		if (instances === undefined) {
			if (this.#nodes.size >= this.#limits.maxNodes && !this.#forgetOldestLost()) return [{ kind: 'full', heartbeat }];
			instances = new Map();
			this.#nodes.set(key, instances);
		}
		const known = instances.get(heartbeat.instance);
		const changes: PresenceChange[] = [];
		if (known === undefined) {
			const instance: Instance = { heartbeat, firstSeenMs: now, lastSeenMs: now, presence: 'alive' };
			// Most often a restart: the program before it is gone, whether it said so or not.
			changes.push({ kind: 'appeared', heartbeat });
			instances.set(heartbeat.instance, instance);
			this.#claim(instance);
			this.#dropSurplus(instances);
			if (heartbeat.draining === true) instance.presence = 'draining';
			return [...changes, ...this.#doubles(instance)];
		}
		this.#release(known);
		const before = known.presence;
		known.heartbeat = heartbeat;
		known.lastSeenMs = now;
		known.presence = heartbeat.draining === true ? 'draining' : 'alive';
		this.#claim(known);
		if (known.presence === 'draining' && before !== 'draining') changes.push({ kind: 'left', heartbeat });
		else if (before === 'lost') changes.push({ kind: 'returned', heartbeat });
		return [...changes, ...this.#doubles(known)];
	}

	/** Finds who fell silent. Call it often against the shortest interval; the times are those of the heartbeats. */
	sweep(now: number): PresenceChange[] {
		const changes: PresenceChange[] = [];
		for (const [key, instances] of this.#nodes) {
			for (const [name, instance] of instances) {
				const missed = (now - instance.lastSeenMs) / instance.heartbeat.intervalMs;
				if (now - instance.lastSeenMs >= this.#limits.forgetAfterMs) this.#remove(key, name, instance);
				else if (instance.presence === 'draining') {
					if (missed > LOST_INTERVALS) this.#remove(key, name, instance);
				} else if (instance.presence !== 'lost' && missed > LOST_INTERVALS) {
					instance.presence = 'lost';
					// The one that took its place keeps the id alive.
					if (isNewest(instances, instance)) changes.push({ kind: 'lost', heartbeat: instance.heartbeat });
					else this.#remove(key, name, instance);
				} else if (instance.presence === 'alive' && missed > SUSPECT_INTERVALS) {
					instance.presence = 'suspect';
					if (isNewest(instances, instance)) changes.push({ kind: 'suspect', heartbeat: instance.heartbeat });
				}
			}
		}
		return changes;
	}

	/** The newest instance of every node, or of every node of one role, sorted by role and id. */
	*current(role?: Role): Generator<readonly [key: string, instance: Instance]> {
		const prefix = role === undefined ? '' : `${role}.`;
		const keys = [...this.#nodes.keys()].filter((key) => key.startsWith(prefix));
		for (const key of keys.sort()) {
			const instances = this.#nodes.get(key);
			const newest = instances === undefined ? undefined : newestOf(instances);
			if (newest !== undefined) yield [key, newest];
		}
	}

	/** Other programs that are alive with the same UID (or id) as this one. */
	doublesOf(instance: Instance): Instance[] {
		const claimed = this.#byUid.get(uidKeyOf(instance.heartbeat)) ?? [];
		return [...claimed].filter((other) => other !== instance && areBothThere(instance, other));
	}

	#doubles(instance: Instance): PresenceChange[] {
		const changes: PresenceChange[] = [];
		for (const other of this.doublesOf(instance)) {
			const pair = [instance.heartbeat.instance, other.heartbeat.instance].sort().join(' ');
			if (this.#reportedPairs.has(pair)) continue;
			if (this.#reportedPairs.size >= this.#limits.maxNodes) this.#reportedPairs.clear();
			this.#reportedPairs.add(pair);
			changes.push({ kind: 'duplicate', heartbeat: instance.heartbeat, other: other.heartbeat });
		}
		return changes;
	}

	#claim(instance: Instance): void {
		const key = uidKeyOf(instance.heartbeat);
		const claimed = this.#byUid.get(key);
		if (claimed === undefined) this.#byUid.set(key, new Set([instance]));
		else claimed.add(instance);
	}

	#release(instance: Instance): void {
		const key = uidKeyOf(instance.heartbeat);
		const claimed = this.#byUid.get(key);
		claimed?.delete(instance);
		if (claimed?.size === 0) this.#byUid.delete(key);
	}

	#remove(key: string, name: string, instance: Instance): void {
		this.#release(instance);
		const instances = this.#nodes.get(key);
		instances?.delete(name);
		if (instances?.size === 0) this.#nodes.delete(key);
	}

	/** A program that restarts all the time (or somebody who makes up instances) must not fill the memory. */
	#dropSurplus(instances: Map<string, Instance>): void {
		if (instances.size <= this.#limits.maxInstances) return;
		for (const [name, oldest] of instances) {
			this.#release(oldest);
			instances.delete(name);
			return;
		}
	}

	#forgetOldestLost(): boolean {
		let oldest: { key: string; name: string; instance: Instance } | undefined;
		for (const [key, instances] of this.#nodes) {
			for (const [name, instance] of instances) {
				if (instance.presence !== 'lost' || instances.size > 1) continue;
				if (oldest === undefined || instance.lastSeenMs < oldest.instance.lastSeenMs) oldest = { key, name, instance };
			}
		}
		if (oldest !== undefined) this.#remove(oldest.key, oldest.name, oldest.instance);
		return oldest !== undefined;
	}
}

function keyOf({ role, id }: Heartbeat): string {
	return `${role}.${id}`;
}

/** Nodes without a UID are told apart by their ids. */
function uidKeyOf({ role, id, uid }: Heartbeat): string {
	return `${role}.${uid ?? id}`;
}

/**
 * Each was heard while the other was there: a restart looks different, as the old one is never heard again once the
 * new one has spoken.
 */
function areBothThere(a: Instance, b: Instance): boolean {
	if (a.presence === 'lost' || b.presence === 'lost' || a.presence === 'draining' || b.presence === 'draining')
		return false;
	return a.lastSeenMs > b.firstSeenMs && b.lastSeenMs > a.firstSeenMs;
}

function newestOf(instances: ReadonlyMap<string, Instance>): Instance | undefined {
	let newest: Instance | undefined;
	for (const instance of instances.values()) {
		// One that is leaving speaks for the id only while no other is there.
		const isAlone = newest === undefined || newest.presence === 'draining' || newest.presence === 'lost';
		if (isAlone || instance.presence !== 'draining') newest = instance;
	}
	return newest;
}

function isNewest(instances: ReadonlyMap<string, Instance>, instance: Instance): boolean {
	return newestOf(instances) === instance;
}
