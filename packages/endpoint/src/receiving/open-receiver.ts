import { resolve } from 'node:path';
import { FileSink } from '@uftp/storage/receiving';
import { type DatagramSocket, openSocket } from '@uftp/transport';
import { chooseUid, defaultUid, nodeName, type UidChoice } from '../identity/index.ts';
import { areSourceSpecific, groupSources, socketError } from '../network/index.ts';
import { EndpointError } from '../problems/index.ts';
import { HOOK_MS_MAX } from '../running/index.ts';
import { checkNumbers, HEARTBEAT_NUMBERS } from '../running/number-rules.ts';
import { FunctionSink } from './function-sink.ts';
import { receiverKeys } from './receiver-keys.ts';
import { ReceiverPort } from './receiver-port.ts';
import { type NodeParts, RunningReceiver } from './running-receiver.ts';
import { type ClosableSink, RECEIVER_NUMBERS, type ReceiverHooks, type ReceiverSettings } from './settings.ts';

const ANY_SOURCE: readonly undefined[] = [undefined];

/**
 * Opens a receiver: it listens for sessions, takes part in those that it is meant for, and gives their files to its sink.
 * Resolves when it listens. Rejects with an `EndpointError` (its code and facts say what is wrong, its message also what
 * to do) or with what a sink threw; then nothing is left open.
 */
export async function openReceiver(settings: ReceiverSettings, hooks: ReceiverHooks = {}): Promise<RunningReceiver> {
	checkNumbers(settings, RECEIVER_NUMBERS);
	if (settings.heartbeats !== undefined) checkNumbers(settings.heartbeats, HEARTBEAT_NUMBERS);
	const ports = settings.ports ?? (await ReceiverPort.open(settings));
	for (const port of ports) port.acquire();
	const parts: NodeParts[] = [];
	try {
		const sourceSpecific = settings.senders !== undefined && areSourceSpecific(ports.flatMap(({ groups }) => groups));
		const name = nodeNameOf(settings);
		const choice = uidOf(settings, ports[0], name);
		const keys = await receiverKeys(settings, name, sourceSpecific);
		for (const port of ports) {
			const sink = sinkOf(settings, port);
			const reply = await openReply(settings, port).catch((error: unknown) => {
				sink.close?.();
				throw error;
			});
			parts.push({ port, sink, reply, sources: sourceSpecific ? sourcesOf(settings, port) : ANY_SOURCE });
		}
		return RunningReceiver.start({ settings, hooks, parts, choice, keys });
	} catch (error) {
		for (const { sink, reply } of parts) {
			sink.close?.();
			reply.close();
		}
		for (const port of ports) port.release();
		throw socketError(error);
	}
}

function nodeNameOf({ name, destination }: ReceiverSettings): string {
	return nodeName(name ?? (typeof destination === 'object' ? destination.destinations[0] : destination) ?? '.');
}

function uidOf({ uid, stateDirectory, legacy }: ReceiverSettings, port: ReceiverPort, name: string): UidChoice {
	return chooseUid({
		configured: uid === 'address' ? defaultUid(port.address) : uid,
		address: port.address,
		isLoopback: port.isLoopback,
		isShared: port.isShared,
		name,
		stateDir: stateDirectory,
		...(legacy === undefined ? {} : { legacy }),
	});
}

function sinkOf(
	{ destination, sink, blockSink, hookMsMax = HOOK_MS_MAX }: ReceiverSettings,
	port: ReceiverPort,
): ClosableSink {
	if (blockSink !== undefined) return blockSink(port.family);
	if (sink !== undefined) return new FunctionSink(sink, Math.min(hookMsMax, HOOK_MS_MAX));
	if (destination === undefined) throw new EndpointError('destination-missing');
	try {
		return new FileSink(typeof destination === 'string' ? { destinations: [resolve(destination)] } : destination);
	} catch (error) {
		throw new EndpointError(
			'destination-unusable',
			{ why: error instanceof Error ? error.message : String(error) },
			error,
		);
	}
}

/** On the loopback answers come from the address that the node is known by: a sender on this host tells it by that. */
function openReply(
	{ socketDriver = 'auto', receiveBufferBytes, dscp }: ReceiverSettings,
	port: ReceiverPort,
): Promise<DatagramSocket> {
	return openSocket({
		family: port.family,
		driver: socketDriver,
		...(port.isLoopback ? { bind: { address: port.address } } : {}),
		...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
		...(dscp === undefined ? {} : { dscp }),
	});
}

/** The response proxy sends its key to the public groups. */
function sourcesOf({ senders = [], responseProxy }: ReceiverSettings, { family }: ReceiverPort): readonly string[] {
	return groupSources(senders, family, responseProxy === undefined ? [] : [responseProxy.endpoint.host]);
}
