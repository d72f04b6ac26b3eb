/**
 * The UDP port of one or more receivers of this process, for one address family. Receivers that share a port share its
 * listener, so that what is sent to the host's own address (unicast sessions, aborts) reaches all of them: the kernel
 * gives it to one socket only.
 */
import { type Problem, problem } from '@uftp/protocol';
import {
	bufferWarning,
	type MulticastListener,
	type NetworkInterface,
	openListener,
	selectDriver,
} from '@uftp/transport';
import { ReceiverDriver } from '@uftp/transport/receiver';
import { addressFamily, DEFAULT_PORT, type Family, isMulticast } from '@uftp/wire';
import { chooseInterface, listeningInterfaces, ownAddress, socketError } from '../network/index.ts';
import { EndpointError, type ProblemCode } from '../problems/index.ts';
import { checkNumbers } from '../running/number-rules.ts';
import { PORT_NUMBERS, type PortSettings } from './port-settings.ts';

const DEFAULT_GROUP = '230.4.4.1';
const FAMILIES: readonly Family[] = [4, 6];
const ANY_SOURCE: readonly undefined[] = [undefined];

interface PortParts {
	readonly listener: MulticastListener;
	readonly port: number;
	readonly groups: readonly string[];
	readonly interfaces: readonly NetworkInterface[];
	readonly address: string;
	readonly isShared: boolean;
	readonly notes: readonly Problem<ProblemCode>[];
	readonly socket: string;
}

/** A UDP port of one address family with its groups, which several receivers of a process may share. */
export class ReceiverPort {
	readonly listener: MulticastListener;
	readonly driver: ReceiverDriver;
	readonly family: Family;
	readonly port: number;
	readonly groups: readonly string[];
	/** Where the groups are joined. */
	readonly interfaces: readonly NetworkInterface[];
	/** The address of the first interface that stands for the node. */
	readonly address: string;
	/** All its interfaces are loopbacks. */
	readonly isLoopback: boolean;
	/** Why these interfaces, for the log. */
	readonly notes: readonly Problem<ProblemCode>[];
	/** How UDP is spoken and why, for the log; without a full stop. */
	readonly socket: string;
	/** Whether other programs of this host listen on the port too, or more than one receiver of this process. */
	readonly isShared: boolean;
	#users = 0;

	private constructor(parts: PortParts) {
		this.listener = parts.listener;
		this.driver = new ReceiverDriver(parts.listener);
		this.family = parts.listener.family;
		this.port = parts.port;
		this.groups = parts.groups;
		this.interfaces = parts.interfaces;
		this.address = parts.address;
		this.isShared = parts.isShared;
		this.isLoopback = parts.interfaces.every((each) => each.isLoopback);
		this.notes = parts.notes;
		this.socket = parts.socket;
	}

	/**
	 * Opens a port for each address family of the groups, IPv4 first. Rejects with an `EndpointError`: no such interface
	 * (`interface-unknown`, `interface-missing`, `interface-without-family`), what is no group (`group-invalid`), or a port
	 * that cannot be had (`socket-failed`), or a number that cannot be (`setting-invalid`).
	 */
	static async open(settings: PortSettings): Promise<readonly ReceiverPort[]> {
		checkNumbers(settings, PORT_NUMBERS);
		const groups = settings.publicAddress ?? [DEFAULT_GROUP];
		const wrong = groups.length === 0 ? '' : groups.find((group) => !isMulticast(group));
		if (wrong !== undefined) throw new EndpointError('group-invalid', { group: wrong });
		const families = FAMILIES.filter((family) => groups.some((group) => addressFamily(group) === family));
		const { byFamily, notes } = await interfacesOf(settings.interfaces, families, groups);
		const named = Array.isArray(settings.interfaces) ? settings.interfaces[0] : undefined;
		const { sentence } = await selectDriver();
		const ports: ReceiverPort[] = [];
		try {
			for (const family of families) {
				const listener = await listenOn(family, settings);
				const interfaces = byFamily.get(family) ?? [];
				const isForced = settings.socketDriver !== undefined && settings.socketDriver !== 'auto';
				ports.push(
					new ReceiverPort({
						listener,
						port: listener.local.port,
						groups: groups.filter((group) => addressFamily(group) === family),
						interfaces,
						address: ownAddress(named, interfaces[0], family),
						isShared: listener.isShared || (settings.receivers ?? 1) > 1,
						notes: ports.length === 0 ? notes : [],
						socket: isForced ? `${listener.driver} (forced)` : sentence,
					}),
				);
			}
		} catch (error) {
			for (const port of ports) port.close();
			throw error;
		}
		return ports;
	}

	/** What to warn of at the start; `asked`: the receive buffer that was wanted, in bytes. */
	warnings(asked?: number): readonly (Problem<ProblemCode> | string)[] {
		const warnings: (Problem<ProblemCode> | string)[] = [];
		const buffer = bufferWarning(this.listener, asked);
		if (buffer !== undefined) warnings.push(buffer);
		if (this.listener.isShared) warnings.push(problem('port-shared', { port: this.port }));
		return warnings;
	}

	/** A receiver will use it, and calls `release` when it has ended. */
	acquire(): void {
		this.#users++;
	}

	/** The last one closes the port. */
	release(): void {
		this.#users--;
		if (this.#users <= 0) this.close();
	}

	/** Joins the groups, for packets of some sources only if they are given. Throws a `TransportError`; then none is joined. */
	join(sources: readonly (string | undefined)[] = ANY_SOURCE): void {
		const joined: (() => void)[] = [];
		try {
			this.#each(sources, (group, networkInterface, source) => {
				this.listener.join(group, networkInterface, source);
				joined.push(() => this.listener.leave(group, networkInterface, source));
			});
		} catch (error) {
			for (const leave of joined) leave();
			throw error;
		}
	}

	leave(sources: readonly (string | undefined)[] = ANY_SOURCE): void {
		this.#each(sources, (group, networkInterface, source) => this.listener.leave(group, networkInterface, source));
	}

	close(): void {
		this.driver.close();
		this.listener.close();
	}

	#each(
		sources: readonly (string | undefined)[],
		act: (group: string, networkInterface: NetworkInterface, source: string | undefined) => void,
	): void {
		for (const group of this.groups) {
			for (const networkInterface of this.interfaces) {
				for (const source of sources) act(group, networkInterface, source);
			}
		}
	}
}

interface FoundInterfaces {
	readonly byFamily: ReadonlyMap<Family, readonly NetworkInterface[]>;
	readonly notes: readonly Problem<ProblemCode>[];
}

async function interfacesOf(
	wanted: PortSettings['interfaces'],
	families: readonly Family[],
	groups: readonly string[],
): Promise<FoundInterfaces> {
	if (wanted !== undefined) {
		const found = await listeningInterfaces(wanted === 'all' ? [] : wanted, families);
		return { byFamily: found.byFamily, notes: found.reasons };
	}
	const byFamily = new Map<Family, readonly NetworkInterface[]>();
	const notes = [];
	for (const family of families) {
		const one = await chooseInterface(
			undefined,
			family,
			groups.find((group) => addressFamily(group) === family),
		);
		byFamily.set(family, [one.networkInterface]);
		notes.push(one.reason);
	}
	return { byFamily, notes };
}

async function listenOn(family: Family, settings: PortSettings): Promise<MulticastListener> {
	const { port = DEFAULT_PORT, socketDriver = 'auto', receiveBufferBytes, dscp } = settings;
	try {
		return await openListener({
			family,
			bind: { port },
			driver: socketDriver,
			...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
			...(dscp === undefined ? {} : { dscp }),
		});
	} catch (error) {
		throw socketError(error);
	}
}
