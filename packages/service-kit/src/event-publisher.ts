/** Puts events into their envelope and on the bus. Nothing here throws: what happened must not fail because of a report. */
import {
	type Bus,
	type EventDataByKind,
	type EventEnvelope,
	type EventKind,
	PayloadTooLarge,
	type Subjects,
} from '@uftp/bus';
import type { Logger } from './logger.ts';
import type { NodeIdentity } from './node-identity.ts';

export class EventPublisher {
	readonly #bus: Bus;
	readonly #subjects: Subjects;
	readonly #identity: NodeIdentity;
	readonly #logger: Logger;
	#sequence = 0;

	constructor(bus: Bus, subjects: Subjects, identity: NodeIdentity, logger: Logger) {
		this.#bus = bus;
		this.#subjects = subjects;
		this.#identity = identity;
		this.#logger = logger;
	}

	/** Publishes what happened; `subject` names what it is about: a job, a session. */
	publish<Kind extends EventKind>(kind: Kind, data: EventDataByKind[Kind], subject?: string): void {
		const { role, id, instance } = this.#identity;
		const event: EventEnvelope = {
			specversion: '1.0',
			id: crypto.randomUUID(),
			source: `/uftp/${role}/${id}`,
			type: `uftp.${kind}.${data.phase}.v1`,
			time: new Date().toISOString(),
			datacontenttype: 'application/json',
			sequence: String(++this.#sequence).padStart(10, '0'),
			instance,
			...(subject === undefined ? {} : { subject }),
			data,
		};
		try {
			// A progress that is late tells something wrong.
			this.#bus.publish(this.#subjects.event(kind), event, { whenDisconnected: kind === 'progress' ? 'drop' : 'keep' });
		} catch (error) {
			const why = error instanceof PayloadTooLarge ? 'it is too large' : (error as Error).message;
			this.#logger.warn(`The event ${event.type} was not published: ${why}.`);
		}
	}
}
