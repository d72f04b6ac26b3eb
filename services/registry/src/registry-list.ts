/** Answers `uftp.registry.list` from the table: filters, pages, and bounds the answer to one message. */
import type { RegistryListAnswer, RegistryListRequest, RegistryNode } from '@uftp/bus';
import { maxRegistryPage } from '@uftp/bus/schemas';
import type { Instance, PresenceTable } from './presence-table.ts';

/** Most duplicates that a node's entry names. */
const MAX_DUPLICATES = 16;
/** Room for the envelope of the answer around its nodes. */
const ENVELOPE_BYTES = 4096;

export interface ListingContext {
	/** Id of the answering registry. */
	readonly registry: string;
	readonly listeningMs: number;
	/** Monotonic time of the question, and the wall clock at monotonic time 0. */
	readonly now: number;
	readonly epochMs: number;
	/** Largest answer that the bus takes. */
	readonly maxPayloadBytes: number;
}

/** One page of who is there. */
export function listNodes(
	table: PresenceTable,
	request: RegistryListRequest,
	context: ListingContext,
): RegistryListAnswer {
	const limit = request.limit ?? maxRegistryPage;
	const nodes: RegistryNode[] = [];
	let bytes = ENVELOPE_BYTES;
	let total = 0;
	let lastKey = '';
	let next: string | undefined;
	const uids = request.uids === undefined ? undefined : new Set(request.uids);
	for (const [key, instance] of table.current()) {
		if (!matches(instance, request, uids)) continue;
		total++;
		if (next !== undefined || (request.after !== undefined && key <= request.after)) continue;
		const node = nodeOf(table, instance, context);
		bytes += Buffer.byteLength(JSON.stringify(node)) + 1;
		if (nodes.length >= limit || (bytes > context.maxPayloadBytes && nodes.length > 0)) {
			next = lastKey;
			continue;
		}
		nodes.push(node);
		lastKey = key;
	}
	return {
		ok: true,
		v: 1,
		registry: context.registry,
		listeningMs: Math.round(context.listeningMs),
		nodes,
		total,
		...(next === undefined ? {} : { next }),
	};
}

function matches(
	{ heartbeat, presence }: Instance,
	request: RegistryListRequest,
	uids: ReadonlySet<string> | undefined,
): boolean {
	if (presence === 'lost' && request.lost !== true) return false;
	if (request.role !== undefined && heartbeat.role !== request.role) return false;
	if (request.group !== undefined && !heartbeat.groups.includes(request.group)) return false;
	return uids === undefined || (heartbeat.uid !== undefined && uids.has(heartbeat.uid));
}

function nodeOf(table: PresenceTable, instance: Instance, { now, epochMs }: ListingContext): RegistryNode {
	const doubles = table.doublesOf(instance).slice(0, MAX_DUPLICATES);
	return {
		presence: instance.presence,
		firstSeen: new Date(epochMs + instance.firstSeenMs).toISOString(),
		lastSeen: new Date(epochMs + instance.lastSeenMs).toISOString(),
		ageMs: Math.max(0, Math.round(now - instance.lastSeenMs)),
		...(doubles.length === 0
			? {}
			: { duplicates: doubles.map(({ heartbeat }) => ({ instance: heartbeat.instance, host: heartbeat.host })) }),
		heartbeat: instance.heartbeat,
	};
}
