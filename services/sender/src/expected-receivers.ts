/**
 * Who is there, by the registry. Whom an open group may expect: the receivers that it knows there. With them a session
 * goes on as soon as all have registered; without, it announces until nobody new comes.
 */
import {
	type Bus,
	BusError,
	type Heartbeat,
	type NodePublicKey,
	type RegistryListRequest,
	type RegistryNode,
	type Subjects,
} from '@uftp/bus';
import { maxJobProxies, parseRegistryListAnswer } from '@uftp/bus/schemas';
import type { Logger } from '@uftp/service-kit';
import { formatUid, parseUid } from '@uftp/wire';

/** A registry that does not answer within this costs less than the announcements it would have saved. */
const REGISTRY_TIMEOUT_MS = 500;
/** Pages of an answer that are asked for; more receivers than that are found by announcing. */
const MAX_PAGES = 20;

export interface ExpectedReceiver {
	readonly receiverId: number;
	readonly host: string;
	readonly address: string | undefined;
	/** Its public keys; none: it cannot take part in encrypted sessions. */
	readonly keys: readonly NodePublicKey[];
}

export interface KnownProxy {
	readonly proxyId: number;
	readonly keys: readonly NodePublicKey[];
}

export interface Rendezvous {
	readonly publicAddress: string;
	readonly port: number;
	/** The public address is that of a host: its receivers are expected, whatever groups they listen to. */
	readonly isUnicast: boolean;
}

/** Who is there. */
export interface ExpectedReceivers {
	readonly receivers: ReadonlyMap<number, ExpectedReceiver>;
	/** Why the registry could not be asked; undefined: it has answered. */
	readonly unasked: string | undefined;
}

/**
 * Asks the registry for the receivers of a group, or for those that a job names (`targets`), wherever they are. Nobody
 * is expected if there is none, and the log says so.
 */
export async function expectedReceivers(
	bus: Bus,
	subjects: Subjects,
	logger: Logger,
	{ publicAddress, port, isUnicast }: Rendezvous,
	targets: readonly number[] = [],
): Promise<ExpectedReceivers> {
	const receivers = new Map<number, ExpectedReceiver>();
	const isClosed = targets.length > 0;
	const named = new Set(targets);
	const question = isClosed
		? ({ role: 'receiver', uids: targets.map(formatUid), lost: true } as const)
		: ({ role: 'receiver', ...(isUnicast ? {} : { group: publicAddress }) } as const);
	const problem = await eachNode(bus, subjects, question, ({ presence, heartbeat }) => {
		if (isClosed) {
			if (named.has(parseUid(heartbeat.uid ?? '') ?? 0)) add(receivers, heartbeat, presence !== 'lost');
			return;
		}
		if (presence !== 'alive' || heartbeat.port !== port) return;
		if (!isUnicast || heartbeat.addresses.includes(publicAddress)) add(receivers, heartbeat, true);
	});
	if (problem?.isSilence === true && !isClosed) {
		logger.info(`The registry does not answer (${problem.why}): the session announces until nobody new comes.`);
	} else if (problem !== undefined && !problem.isSilence) logger.warn(problem.why);
	return { receivers, unasked: problem?.why };
}

/**
 * The gathering proxies that receivers may answer through where a session is announced, each with its keys: those that
 * the registry knows, and those that were heard here (`heard`, the newest last).
 */
export async function knownProxies(
	bus: Bus,
	subjects: Subjects,
	place: Rendezvous,
	heard: readonly Heartbeat[],
): Promise<readonly KnownProxy[]> {
	const proxies = new Map<number, KnownProxy>();
	const take = (heartbeat: Heartbeat): void => {
		const proxy = gatheringProxy(heartbeat, place);
		if (proxy === undefined) return;
		if (proxies.has(proxy.proxyId) || proxies.size < maxJobProxies) proxies.set(proxy.proxyId, proxy);
	};
	// That there is no registry, or that it refuses, is said when it is asked for receivers.
	await eachNode(bus, subjects, { role: 'proxy' }, ({ presence, heartbeat }) => {
		// One that is late or leaving still serves those that it has.
		if (presence !== 'lost') take(heartbeat);
	});
	for (const heartbeat of heard) take(heartbeat);
	return [...proxies.values()];
}

/** The proxy whose heartbeat this is, if receivers may answer through it where a session is announced. */
export function gatheringProxy(
	{ uid, proxy, groups, keys = [] }: Heartbeat,
	place: Pick<Rendezvous, 'publicAddress'>,
): KnownProxy | undefined {
	const proxyId = uid === undefined ? undefined : parseUid(uid);
	const isThere = proxy?.mode === 'client' || (proxy?.mode === 'response' && groups.includes(place.publicAddress));
	return proxyId === undefined || !isThere ? undefined : { proxyId, keys };
}

interface Problem {
	readonly why: string;
	/** There is no registry, or it is too slow. */
	readonly isSilence: boolean;
}

/** Page by page; what went wrong, if anything did. */
async function eachNode(
	bus: Bus,
	subjects: Subjects,
	question: Pick<RegistryListRequest, 'role' | 'group' | 'uids' | 'lost'>,
	take: (node: RegistryNode) => void,
): Promise<Problem | undefined> {
	let after: string | undefined;
	try {
		for (let page = 0; page < MAX_PAGES; page++) {
			const request = { v: 1, ...question, ...(after === undefined ? {} : { after }) };
			const message = await bus.request(subjects.registryList, request, { timeoutMs: REGISTRY_TIMEOUT_MS });
			const answer = parseRegistryListAnswer(message.data);
			if (!answer.ok) return { why: answer.problem, isSilence: false };
			if (!answer.value.ok) {
				return { why: `The registry refuses to say who is there: ${answer.value.error.message}`, isSilence: false };
			}
			for (const node of answer.value.nodes) take(node);
			after = answer.value.next;
			if (after === undefined) break;
		}
	} catch (error) {
		if (!(error instanceof BusError)) throw error;
		return { why: error.code, isSilence: true };
	}
	return undefined;
}

/** Of several nodes with one id the one that is there counts. */
function add(expected: Map<number, ExpectedReceiver>, heartbeat: Heartbeat, isThere: boolean): void {
	const { uid, host, addresses, keys = [] } = heartbeat;
	const receiverId = uid === undefined ? undefined : parseUid(uid);
	if (receiverId === undefined || (!isThere && expected.has(receiverId))) return;
	expected.set(receiverId, { receiverId, host, address: addresses[0], keys });
}
