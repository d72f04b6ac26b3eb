/** What the sender's log says of proxies and of receivers behind them. */
import { formatEndpoint, type Outcome, type SenderEvent } from '@uftp/protocol';
import type { ReceiverNames } from './receiver-names.ts';

type EventOf<K extends SenderEvent['kind']> = Extract<SenderEvent, { kind: K }>;

/** How C spells a COMPLETE; undefined for what is none. */
export const COMPLETE_WORDS: Readonly<Partial<Record<Outcome, string>>> = {
	received: 'COMPLETE',
	overwritten: 'COMPLETE(overwritten)',
	skipped: 'COMPLETE(skipped)',
	rejected: 'COMPLETE(rejected)',
};

/** The message that a proxy sent for a receiver, as C begins its line; undefined if the event is no such thing. */
export function messageOfProxy(event: SenderEvent): { what: string; proxyId: number; receiverId: number } | undefined {
	if (event.kind === 'registered' && event.viaProxyId !== undefined) {
		return { what: 'Received REGISTER', proxyId: event.viaProxyId, receiverId: event.receiverId };
	}
	if (event.kind !== 'fileCompletedBy') return undefined;
	const { viaProxyId: proxyId, receiverId, outcome } = event.result;
	const words = COMPLETE_WORDS[outcome];
	return proxyId === undefined || words === undefined ? undefined : { what: `Got ${words}`, proxyId, receiverId };
}

export function movedLine(
	{ receiverId, fromProxyId, viaProxyId, address }: EventOf<'receiverMoved'>,
	names: ReceiverNames,
) {
	const how = viaProxyId === undefined ? `from ${formatEndpoint(address)}` : `through proxy ${names.of(viaProxyId)}`;
	return `${names.of(receiverId)} answers ${how} now, as its proxy ${names.of(fromProxyId)} is silent`;
}

export function doubleLine(event: EventOf<'duplicateUid'>, names: ReceiverNames): string {
	const { first, second, firstProxyId, secondProxyId } = event;
	const one = placeOf(first, firstProxyId, names);
	const other = placeOf(second, secondProxyId, names);
	const name = names.of(event.receiverId);
	return `Two receivers answer as ${name}, ${one} and ${other}: only the first is served. Give one of them another UID (uftpd -U).`;
}

function placeOf(address: EventOf<'duplicateUid'>['first'], proxyId: number | undefined, names: ReceiverNames): string {
	const at = `at ${formatEndpoint(address)}`;
	return proxyId === undefined ? at : `behind proxy ${names.of(proxyId)} ${at}`;
}

/** A lost receiver's proxy is worth a word, its own silence is not: the line says that already. */
export function behindProxy(reason: string): string {
	return reason.startsWith('its proxy') ? `: ${reason}` : '';
}
