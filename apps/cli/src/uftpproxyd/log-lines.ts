/**
 * What the proxy's log says of each event: the lines of UFTP 4.10.2, at the levels where it prints them, and lines of our
 * own for pinholes and for what was gathered.
 */
import { formatFingerprint } from '@uftp/crypto';
import { describeProblem } from '@uftp/endpoint/problems';
import type { RunningProxyEvent } from '@uftp/endpoint/relaying';
import { type Endpoint, formatEndpoint, type ProxyTotals } from '@uftp/protocol';
import { hexId, Level, type LogLine, scopeOf } from '../drop-in/log.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';

type EventOf<Kind extends RunningProxyEvent['kind']> = Extract<RunningProxyEvent, { readonly kind: Kind }>;

export class ProxyLines {
	/** Sites as they were named, by their index. */
	readonly #siteNames: readonly string[];
	readonly #instances = new Map<number, number>();
	/** Proxies that asked for a signature: their next "ok" means that it was right. */
	readonly #challengers = new Set<string>();

	constructor(siteNames: readonly string[]) {
		this.#siteNames = siteNames;
	}

	/** The lines of one event, in order. */
	of(event: RunningProxyEvent): LogLine[] {
		switch (event.kind) {
			case 'sessionStarted':
				return this.#sessionStarted(event);
			case 'sessionEnded':
				return this.#sessionEnded(event);
			case 'receiverRegistered':
			case 'receiverConfirmed':
			case 'receiverRefused':
			case 'receiverAborted':
				return [this.#receiver(event)];
			case 'aggregated':
				return this.#aggregated(event);
			case 'pinholeOpened':
			case 'pinholeRefreshed':
			case 'pinholeExpired':
				return this.#pinhole(event);
			case 'heartbeatAnswered':
				return this.#heartbeatAnswered(event);
			case 'keyRequested':
				return [line(Level.Info, `Received KEY_REQ from ${event.from.host}`)];
			case 'keySent':
				return [line(Level.Info, `PROXY_KEY sent to ${formatEndpoint(event.group)}`)];
			case 'announceIgnored':
				return [this.#session(event.groupId, Level.Warning, `${event.reason} (sender ${hexId(event.senderId)})`)];
			case 'dropped':
				return [line(Level.Verbose, `Dropped a packet from ${formatEndpoint(event.from)}: ${event.reason}`)];
			case 'warning':
				return [line(Level.Warning, `Warning: ${describeProblem(event.problem, COMMAND_VOCABULARY)}`)];
			case 'packetsLost':
				return [line(Level.Warning, event.message)];
		}
	}

	#sessionStarted(event: EventOf<'sessionStarted'>): LogLine[] {
		const { groupId, groupInstance, senderId, sender, privateGroup, security, isEncrypted } = event;
		this.#instances.set(groupId, groupInstance);
		const say = (text: string): LogLine => this.#session(groupId, Level.Info, text);
		const lines = [say(`Received request from ${hexId(senderId)} at ${formatEndpoint(sender)}`)];
		if (privateGroup !== undefined) lines.push(say(`Using private multicast address ${privateGroup}`));
		if (security !== undefined) {
			const { suite, senderFingerprint, isPinned } = security;
			const whose = isPinned ? "the sender's key as the list has it" : "the sender's key";
			lines.push(say(`Encrypted: ${suite}; ${whose}: ${formatFingerprint(senderFingerprint)}`));
		} else if (isEncrypted) lines.push(say('Encrypted: forwarded as it is'));
		return lines;
	}

	#sessionEnded(event: EventOf<'sessionEnded'>): LogLine[] {
		const { groupId, outcome, reason, totals } = event;
		const text = {
			completed: 'Group complete',
			silent: 'Group timed out',
			aborted: `Transfer aborted: ${reason}`,
			interrupted: `Transfer given up: ${reason}`,
			internal: `Transfer given up: ${reason}`,
		}[outcome];
		const isWell = outcome === 'completed' || outcome === 'silent';
		const lines = [
			this.#session(groupId, isWell ? Level.Info : Level.Warning, text),
			this.#session(groupId, Level.Info, totalsLine(totals)),
		];
		this.#instances.delete(groupId);
		return lines;
	}

	#receiver(
		event: EventOf<'receiverRegistered' | 'receiverConfirmed' | 'receiverRefused' | 'receiverAborted'>,
	): LogLine {
		const { groupId, kind } = event;
		const id = `0x${hexId(event.receiverId)}`;
		switch (kind) {
			case 'receiverRegistered': {
				const key = event.fingerprint === undefined ? '' : `, key ${formatFingerprint(event.fingerprint)}`;
				return this.#session(groupId, Level.Info, `Received REGISTER from ${id} at ${event.address.host}${key}`);
			}
			case 'receiverConfirmed':
				return this.#session(groupId, Level.Info, `Registration of ${id} confirmed`);
			case 'receiverRefused':
				return this.#session(groupId, Level.Warning, `Refused ${id} at ${event.address.host}: ${event.reason}`);
			case 'receiverAborted':
				return this.#session(groupId, Level.Warning, `Transfer aborted by ${id}: ${event.reason}`);
		}
	}

	#aggregated({ groupId, message, receivers, heldMs }: EventOf<'aggregated'>): LogLine[] {
		const sent = message === 'COMPLETE' || message === 'STATUS' ? `Sent ${message}` : `${message} sent`;
		const level = message === 'STATUS' ? Level.Verbose : Level.Info;
		const text = `${sent} for ${count(receivers, 'receiver')}, held ${heldMs.toFixed(1)} ms`;
		return [this.#session(groupId, level, text)];
	}

	#pinhole(event: EventOf<'pinholeOpened' | 'pinholeRefreshed' | 'pinholeExpired'>): LogLine[] {
		const { endpoint, downstreamId } = event;
		const where = formatEndpoint(endpoint);
		switch (event.kind) {
			case 'pinholeOpened': {
				const { previous } = event;
				const moved = previous === undefined ? '' : `, before it was at ${formatEndpoint(previous)}`;
				const key = formatFingerprint(event.fingerprint);
				return [
					line(Level.Info, `Using ${where} as downstream address:port`),
					line(Level.Info, `Pinhole: proxy ${hexId(downstreamId)} with the key ${key} is at ${where}${moved}`),
				];
			}
			case 'pinholeRefreshed':
				return [
					line(Level.Verbose, `Received HB_REQ from ${endpoint.host}`),
					line(Level.Verbose, `Sent HB_RESP to ${where}`),
				];
			case 'pinholeExpired': {
				const site = this.#siteNames[event.site] ?? hexId(downstreamId);
				return [
					line(
						Level.Warning,
						`Pinhole: no heartbeat came from ${site} at ${where}: nothing is sent to it until one comes`,
					),
				];
			}
		}
	}

	/** Said when it changes, and each time from level 3 on: it would fill the log otherwise. */
	#heartbeatAnswered({ to, result }: EventOf<'heartbeatAnswered'>): LogLine[] {
		const where = formatEndpoint(to);
		switch (result) {
			case 'ok': {
				const level = this.#challengers.delete(where) ? Level.Info : Level.Verbose;
				return [...answered(to, level), line(level, 'Heartbeat authentication successful')];
			}
			case 'challenged':
				this.#challengers.add(where);
				return [
					...answered(to, Level.Info),
					line(Level.Info, 'Heartbeat authentication required'),
					line(Level.Info, `Sent authenticated HB_REQ to ${where}`),
				];
			case 'refused':
				return [
					...answered(to, Level.Info),
					line(Level.Warning, `Heartbeat authentication failed: ${where} does not know this proxy's key (-k)`),
				];
			case 'silent':
				this.#challengers.add(where);
				return [line(Level.Warning, `No answer to heartbeats from ${where}: nothing comes through from there`)];
		}
	}

	#session(groupId: number, level: Level, text: string): LogLine {
		return { level, text, scope: scopeOf(groupId, this.#instances.get(groupId) ?? 0, 0) };
	}
}

/** What a session came to: how much less the sender had to read. */
function totalsLine({ receivers, datagramsDown, messagesIn, messagesOut, heldMs, heldMsMax }: ProxyTotals): string {
	const down = `${count(datagramsDown, 'packet')} forwarded`;
	// A server proxy forwards answers as they are, and does not look whose they are.
	if (receivers === 0) return `${down}, ${count(messagesIn, 'answer')} forwarded`;
	const mean = messagesIn === 0 ? 0 : heldMs / messagesIn;
	return (
		`${down}; ${count(messagesIn, 'answer')} of ${count(receivers, 'receiver')} became ${messagesOut}, ` +
		`held ${mean.toFixed(1)} ms on average and ${heldMsMax.toFixed(1)} ms at most`
	);
}

function answered(to: Endpoint, level: Level): LogLine[] {
	return [line(level, `Received HB_RESP from ${to.host}`)];
}

function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function line(level: Level, text: string): LogLine {
	return { level, text, scope: '' };
}
