/**
 * From bytes or values of others to checked values. Nothing here throws: the result is the value, or one sentence that
 * says where the first mistake stands and what it is.
 */
import type { z } from 'zod';
import { type CancelRequest, cancelRequest } from './cancel.ts';
import type { UftpEvent } from './events.ts';
import { envelope, eventData, kindOfType } from './events.ts';
import { type Heartbeat, heartbeat } from './heartbeat.ts';
import { type Job, type JobAnswer, job, jobAnswer } from './job.ts';
import { type LocateRequest, locateRequest } from './locate.ts';
import { type Pinhole, pinhole } from './pinhole.ts';
import {
	type RegistryListAnswer,
	type RegistryListRequest,
	registryListAnswer,
	registryListRequest,
} from './registry.ts';
import {
	type ResolveAnswer,
	type ResolveRequest,
	type ResponsePool,
	resolveAnswer,
	resolveRequest,
	responsePool,
} from './response-pool.ts';

/** `ignored`: fields of a newer version that were left out (only where the reader is tolerant). */
export type Parsed<T> =
	| { readonly ok: true; readonly value: T; readonly ignored?: readonly string[] }
	| { readonly ok: false; readonly problem: string };

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Largest job in bytes: the limit of a message. */
const maxJsonBytes = 1024 * 1024;

/** JSON of a message's bytes; anything else is taken as a value that has been read already. */
function readJson(input: unknown): Parsed<unknown> {
	if (!(input instanceof Uint8Array)) return { ok: true, value: input };
	if (input.length > maxJsonBytes) {
		return { ok: false, problem: `is ${input.length} bytes long, more than the ${maxJsonBytes} that are allowed` };
	}
	try {
		return { ok: true, value: JSON.parse(decoder.decode(input)) };
	} catch (error) {
		const why = error instanceof SyntaxError ? `not JSON (${error.message})` : 'not UTF-8 text';
		return { ok: false, problem: `is ${why}` };
	}
}

/** "files[0].root" of a path in a value. */
export function pathText(path: readonly PropertyKey[]): string {
	let text = '';
	for (const key of path) {
		if (typeof key === 'number') text += `[${key}]`;
		else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
		else text += `[${JSON.stringify(String(key).slice(0, 80))}]`;
	}
	return text;
}

/** One problem as a sentence without its subject: `files[0]: unknown field "roots"`. */
export function issueText(issue: z.core.$ZodIssue): string {
	const at = pathText(issue.path);
	const where = at === '' ? '' : `${at}: `;
	if (issue.code === 'unrecognized_keys') return `${where}unknown field ${JSON.stringify(issue.keys[0]?.slice(0, 80))}`;
	if (issue.code === 'invalid_union' && issue.errors.length > 0) {
		const inner = issue.errors.flat()[0];
		if (inner !== undefined && issue.message === 'Invalid input') return where + issueText(inner);
	}
	if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return `${where}is missing`;
	return where + issue.message;
}

/** Checks a value (or the JSON in bytes) against a schema. Unknown fields are mistakes. */
export function parseStrict<S extends z.ZodType>(schema: S, input: unknown, what: string): Parsed<z.output<S>> {
	const value = readJson(input);
	if (!value.ok) return { ok: false, problem: `${what} ${value.problem}.` };
	const result = schema.safeParse(value.value);
	if (result.success) return { ok: true, value: result.data };
	return { ok: false, problem: `${what} is not valid: ${issueText(result.error.issues[0] as z.core.$ZodIssue)}.` };
}

/**
 * As `parseStrict`, for what programs of other versions send: fields that only a newer version knows are left out and
 * named in `ignored`, everything else must be right.
 */
export function parseTolerant<S extends z.ZodType>(schema: S, input: unknown, what: string): Parsed<z.output<S>> {
	const value = readJson(input);
	if (!value.ok) return { ok: false, problem: `${what} ${value.problem}.` };
	const first = schema.safeParse(value.value);
	if (first.success) return { ok: true, value: first.data };
	const unknown: { path: PropertyKey[]; keys: string[] }[] = [];
	for (const issue of first.error.issues) {
		if (issue.code === 'unrecognized_keys') unknown.push({ path: issue.path, keys: issue.keys });
	}
	const trimmed = structuredClone(value.value);
	const ignored = unknown.flatMap(({ path, keys }) => removeKeys(trimmed, path, keys));
	const second = parseStrict(schema, trimmed, what);
	return second.ok ? { ...second, ignored } : second;
}

/** Removes keys from the object at a path; the result names them. */
function removeKeys(root: unknown, path: readonly PropertyKey[], keys: readonly string[]): string[] {
	let at = root as Record<PropertyKey, unknown>;
	for (const key of path) at = at[key] as Record<PropertyKey, unknown>;
	for (const key of keys) delete at[key];
	return keys.map((key) => pathText([...path, key]));
}

/** A job; unknown fields are refused. */
export function parseJob(input: unknown): Parsed<Job> {
	return parseStrict(job, input, 'The job');
}

export function parseJobAnswer(input: unknown): Parsed<JobAnswer> {
	return parseTolerant(jobAnswer, input, 'The answer to the job');
}

/** A heartbeat of any version 1. */
export function parseHeartbeat(input: unknown): Parsed<Heartbeat> {
	return parseTolerant(heartbeat, input, 'The heartbeat');
}

/** Absolute paths that a sender on the same host shall find in its roots. */
export function parseLocateRequest(input: unknown): Parsed<LocateRequest> {
	return parseStrict(locateRequest, input, 'The question for the roots');
}

/** A job that is to end. */
export function parseCancelRequest(input: unknown): Parsed<CancelRequest> {
	return parseStrict(cancelRequest, input, 'The wish to cancel');
}

/** What to list; empty bytes ask for everybody. */
export function parseRegistryListRequest(input: unknown): Parsed<RegistryListRequest> {
	const empty = input instanceof Uint8Array && input.length === 0;
	return parseStrict(registryListRequest, empty ? { v: 1 } : input, 'The question to the registry');
}

export function parseRegistryListAnswer(input: unknown): Parsed<RegistryListAnswer> {
	return parseTolerant(registryListAnswer, input, 'The answer of the registry');
}

/** Which replica of a pool serves a receiver. */
export function parseResolveRequest(input: unknown): Parsed<ResolveRequest> {
	return parseStrict(resolveRequest, input, 'The question for a response proxy');
}

export function parseResolveAnswer(input: unknown): Parsed<ResolveAnswer> {
	return parseTolerant(resolveAnswer, input, 'The answer of the registry');
}

export function parseResponsePool(input: unknown): Parsed<ResponsePool> {
	return parseTolerant(responsePool, input, 'The list of response proxies');
}

/** Where a downstream proxy is. */
export function parsePinhole(input: unknown): Parsed<Pinhole> {
	return parseTolerant(pinhole, input, 'The pinhole');
}

/** An event of any kind. Kinds and versions that are not known here are a problem, as is a type that contradicts the data. */
export function parseEvent(input: unknown): Parsed<UftpEvent> {
	const value = readJson(input);
	if (!value.ok) return { ok: false, problem: `The event ${value.problem}.` };
	const whole = value.value;
	if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) {
		return { ok: false, problem: 'The event is not valid: it is not an object.' };
	}
	const { data, ...head } = whole as Record<string, unknown>;
	const checkedHead = parseTolerant(envelope, head, 'The event');
	if (!checkedHead.ok) return checkedHead;
	const { type } = checkedHead.value;
	const named = kindOfType(type);
	if (named === undefined || named.version !== 1) {
		return { ok: false, problem: `The event is of the type ${type}, which is not known here.` };
	}
	const checkedData = parseTolerant<z.ZodType<unknown>>(eventData[named.kind], data, `The data of ${type}`);
	if (!checkedData.ok) return checkedData;
	if ((checkedData.value as { phase: string }).phase !== named.phase) {
		return { ok: false, problem: `The event is of the type ${type}, but its data are of another phase.` };
	}
	const ignored = [...(checkedHead.ignored ?? []), ...(checkedData.ignored ?? []).map((key) => `data.${key}`)];
	const event = { ...checkedHead.value, kind: named.kind, data: checkedData.value } as UftpEvent;
	return { ok: true, value: event, ignored };
}
