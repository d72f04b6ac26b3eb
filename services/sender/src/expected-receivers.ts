/**
 * Whom an open group may expect: the receivers that the registry knows there. With them a session goes on as soon as
 * all have registered; without, it announces until nobody new comes.
 */
import { type Bus, BusError, type Heartbeat, type NodePublicKey, type Subjects } from '@uftp/bus';
import { parseRegistryListAnswer } from '@uftp/bus/schemas';
import type { Logger } from '@uftp/service-kit';
import { parseUid } from '@uftp/wire';

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

export interface Rendezvous {
	readonly publicAddress: string;
	readonly port: number;
	/** The public address is that of a host: its receivers are expected, whatever groups they listen to. */
	readonly isUnicast: boolean;
}

/** Asks the registry; nobody is expected if there is none, and the log says so. */
export async function expectedReceivers(
	bus: Bus,
	subjects: Subjects,
	logger: Logger,
	{ publicAddress, port, isUnicast }: Rendezvous,
): Promise<ReadonlyMap<number, ExpectedReceiver>> {
	const expected = new Map<number, ExpectedReceiver>();
	let after: string | undefined;
	try {
		for (let page = 0; page < MAX_PAGES; page++) {
			const message = await bus.request(
				subjects.registryList,
				{
					v: 1,
					role: 'receiver',
					...(isUnicast ? {} : { group: publicAddress }),
					...(after === undefined ? {} : { after }),
				},
				{ timeoutMs: REGISTRY_TIMEOUT_MS },
			);
			const answer = parseRegistryListAnswer(message.data);
			if (!answer.ok) {
				logger.warn(answer.problem);
				return expected;
			}
			if (!answer.value.ok) {
				logger.warn(`The registry refuses to say who is there: ${answer.value.error.message}`);
				return expected;
			}
			for (const { presence, heartbeat } of answer.value.nodes) {
				if (presence !== 'alive' || heartbeat.port !== port) continue;
				if (!isUnicast || heartbeat.addresses.includes(publicAddress)) add(expected, heartbeat);
			}
			after = answer.value.next;
			if (after === undefined) break;
		}
	} catch (error) {
		if (!(error instanceof BusError)) throw error;
		logger.info(`The registry does not answer (${error.code}): the session announces until nobody new comes.`);
	}
	return expected;
}

function add(expected: Map<number, ExpectedReceiver>, { uid, host, addresses, keys = [] }: Heartbeat): void {
	const receiverId = uid === undefined ? undefined : parseUid(uid);
	if (receiverId !== undefined) expected.set(receiverId, { receiverId, host, address: addresses[0], keys });
}
