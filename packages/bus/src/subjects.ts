/**
 * Every subject of the system, made by functions only: nobody else joins tokens. `subjects()` gives the default set,
 * `subjects('site1.uftp')` the same below another prefix.
 */
import { InvalidSubject } from './bus-error.ts';
import { subjectProblem } from './subject-grammar.ts';

/** The kinds of events: one token each, so that `uftp.events.*` (which matches exactly one token) receives all. */
export const eventKinds = ['job', 'session', 'file', 'progress', 'receiver', 'proxy', 'pinhole'] as const;
export type EventKind = (typeof eventKinds)[number];

/** Who sends heartbeats. */
export const roles = ['sender', 'receiver', 'proxy', 'registry'] as const;
export type Role = (typeof roles)[number];

/** Prefix of all subjects unless configured otherwise. */
export const defaultSubjectPrefix = 'uftp';

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

export interface Subjects {
	readonly prefix: string;
	/** Jobs for any sender; publish, or request for an answer that carries the job id. */
	readonly jobsSend: string;
	/** Jobs for one sender, as `jobsSend` otherwise. Throws InvalidSubject for what is no id. */
	jobsSendTo(sender: string): string;
	/** Under which of its roots a sender sees files of its own host; request. Throws InvalidSubject for what is no id. */
	locate(sender: string): string;
	/** Ends a job of one sender; request. Throws InvalidSubject for what is no id. */
	cancel(sender: string): string;
	/** Who is there; request. */
	readonly registryList: string;
	/** Which response proxy of a pool serves a receiver; request. */
	readonly registryResolve: string;
	/** The response proxies of a pool, whenever they change. Throws InvalidSubject for what is no name. */
	responsePool(pool: string): string;
	/**
	 * Where a downstream proxy is for a server proxy, by the ids of both; whenever that changes, and again and again. Throws
	 * InvalidSubject for what is no id.
	 */
	pinhole(serverProxy: string, clientProxy: string): string;
	/** Pattern for the pinholes of every server proxy, or of one. */
	allPinholes(serverProxy?: string): string;
	/** Events of one kind. */
	event(kind: EventKind): string;
	/** Pattern for events of every kind. */
	readonly allEvents: string;
	/** Heartbeats of one node. Throws InvalidSubject if `id` is not 1 to 64 of A-Z a-z 0-9 _ -. */
	heartbeat(role: Role, id: string): string;
	/** Pattern for the heartbeats of every node, or of every node of one role. */
	allHeartbeats(role?: Role): string;
}

/** True if `id` can be a token of a subject, as ids of nodes must. */
export function isNodeId(id: string): boolean {
	return idPattern.test(id);
}

/** The subjects below a prefix of one or more tokens. Throws InvalidSubject for a prefix that is none. */
export function subjects(prefix: string = defaultSubjectPrefix): Subjects {
	const problem = subjectProblem(prefix);
	if (problem !== undefined) throw new InvalidSubject(prefix, problem);
	return {
		prefix,
		jobsSend: `${prefix}.jobs.send`,
		jobsSendTo: (sender) => withId(`${prefix}.jobs.send`, sender),
		cancel: (sender) => withId(`${prefix}.ctl.cancel`, sender),
		locate: (sender) => withId(`${prefix}.ctl.locate`, sender),
		registryList: `${prefix}.registry.list`,
		registryResolve: `${prefix}.registry.resolve`,
		responsePool: (pool) => withId(`${prefix}.registry.pool`, pool),
		pinhole: (serverProxy, clientProxy) => withId(withId(`${prefix}.pinhole`, serverProxy), clientProxy),
		allPinholes: (serverProxy) => `${prefix}.pinhole.${serverProxy ?? '*'}.*`,
		allEvents: `${prefix}.events.*`,
		event: (kind) => `${prefix}.events.${kind}`,
		heartbeat: (role, id) => withId(`${prefix}.hb.${role}`, id),
		allHeartbeats: (role) => `${prefix}.hb.${role ?? '*'}.*`,
	};
}

function withId(subject: string, id: string): string {
	if (isNodeId(id)) return `${subject}.${id}`;
	throw new InvalidSubject(`${subject}.${id}`, 'an id is 1 to 64 of A-Z, a-z, 0-9, "_" and "-"');
}
