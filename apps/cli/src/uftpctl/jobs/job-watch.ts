/** Follows one job by its events: from the subscription on, so that nothing between the answer and the end is missed. */
import {
	type EventDataByKind,
	type EventEnvelope,
	type EventKind,
	eventKinds,
	type Message,
	type Subscription,
} from '@uftp/bus';
import type { CommandBus } from '../command-bus.ts';

/** An event as far as a command looks at it. */
export interface SeenEvent {
	readonly kind: EventKind;
	readonly envelope: EventEnvelope;
}

export type JobEnd = EventDataByKind['job'];

/** Events that may come before the answer with the job's id is here. */
const MAX_EARLY = 1000;
const finalPhases: ReadonlySet<string> = new Set(['succeeded', 'partial', 'failed', 'cancelled']);

export class JobWatch {
	readonly ended: Promise<JobEnd>;
	readonly #subscription: Subscription;
	readonly #onEvent: (event: SeenEvent) => void;
	#resolve: (end: JobEnd) => void = () => {};
	#job: string | undefined;
	#early: SeenEvent[] = [];

	/** `onEvent` gets every event of the job, also those that came before `follow`. */
	constructor({ bus, subjects }: CommandBus, onEvent: (event: SeenEvent) => void) {
		this.#onEvent = onEvent;
		this.ended = new Promise((resolve) => {
			this.#resolve = resolve;
		});
		this.#subscription = bus.subscribe(subjects.allEvents, (message) => this.#take(message));
	}

	/** The id of the job is known now. */
	follow(job: string): void {
		this.#job = job;
		for (const event of this.#early) this.#show(event);
		this.#early = [];
	}

	close(): void {
		this.#subscription.unsubscribe();
	}

	#take(message: Message): void {
		const event = readEvent(message);
		if (event === undefined) return;
		if (this.#job !== undefined) this.#show(event);
		else if (this.#early.length < MAX_EARLY) this.#early.push(event);
	}

	#show(event: SeenEvent): void {
		const { data } = event.envelope;
		if (jobOf(event) !== this.#job) return;
		this.#onEvent(event);
		if (event.kind === 'job' && finalPhases.has(data.phase)) this.#resolve(data as JobEnd);
	}
}

/** The job that an event is about. */
export function jobOf({ envelope: { data } }: SeenEvent): string | undefined {
	return 'job' in data ? data.job : undefined;
}

/** An event, or undefined for what is none: anybody may publish anything. */
export function readEvent(message: Message): SeenEvent | undefined {
	try {
		const envelope = message.json() as EventEnvelope;
		const word = /^uftp\.([a-z]+)\.[a-z]+\.v1$/.exec(envelope.type)?.[1];
		const kind = eventKinds.find((each) => each === word);
		if (kind === undefined || typeof envelope.data !== 'object' || envelope.data === null) return undefined;
		return { kind, envelope };
	} catch {
		return undefined;
	}
}
