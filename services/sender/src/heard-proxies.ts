/**
 * Proxies that this sender has heard itself. Receivers keep theirs while the registry is away, so their proxies must not
 * be strangers then.
 */
import type { Bus, Heartbeat, Message, Subjects } from '@uftp/bus';
import { maxJobProxies, parseHeartbeat } from '@uftp/bus/schemas';
import { monotonicMs } from '@uftp/transport';

/** A proxy that said nothing for so many of its intervals is forgotten: long after the registry gave it up. */
const FORGET_INTERVALS = 20;

interface Heard {
	readonly heartbeat: Heartbeat;
	readonly atMs: number;
}

export class HeardProxies {
	readonly #now: () => number;
	/** By id, the one that was heard last behind the others. */
	readonly #heard = new Map<string, Heard>();
	readonly #listeners = new Set<(heartbeat: Heartbeat) => void>();
	readonly #unsubscribe: () => void;

	/** Listens from now on. `now`: monotonic milliseconds. */
	constructor(bus: Bus, subjects: Subjects, now: () => number = monotonicMs) {
		this.#now = now;
		const subscription = bus.subscribe(subjects.allHeartbeats('proxy'), (message) => this.#hear(message));
		this.#unsubscribe = () => subscription.unsubscribe();
	}

	/** The last heartbeat of each, the one that was heard last behind the others. */
	heartbeats(): Heartbeat[] {
		const now = this.#now();
		for (const [id, { heartbeat, atMs }] of this.#heard) {
			if (now - atMs > FORGET_INTERVALS * heartbeat.intervalMs) this.#heard.delete(id);
		}
		return [...this.#heard.values()].map(({ heartbeat }) => heartbeat);
	}

	/** Tells of every heartbeat from now on, until the function that it returns is called. */
	onHeard(listener: (heartbeat: Heartbeat) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	stop(): void {
		this.#unsubscribe();
	}

	#hear(message: Message): void {
		const parsed = parseHeartbeat(message.data);
		// The registry says what is wrong with it.
		if (!parsed.ok || parsed.value.role !== 'proxy') return;
		const { id } = parsed.value;
		if (!message.subject.endsWith(`.${id}`)) return;
		this.#heard.delete(id);
		for (const oldest of this.#heard.keys()) {
			if (this.#heard.size < maxJobProxies) break;
			this.#heard.delete(oldest);
		}
		this.#heard.set(id, { heartbeat: parsed.value, atMs: this.#now() });
		for (const listener of this.#listeners) listener(parsed.value);
	}
}
