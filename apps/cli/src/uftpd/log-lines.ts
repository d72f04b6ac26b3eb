/**
 * What the receiver's log says of each event: the lines of UFTP 4.10.2, at the levels where it prints them, and lines
 * of our own where it has no such event.
 */

import { formatFingerprint } from '@uftp/crypto';
import { describeWarning } from '@uftp/endpoint/problems';
import {
	CompleteStatus,
	FileType,
	formatEndpoint,
	type IncomingFile,
	type ReceiverEvent,
	type SessionSecurityFacts,
} from '@uftp/protocol';
import { addressFamily } from '@uftp/wire';
import { geometryOf, typeLine } from '../drop-in/file-lines.ts';
import { hexId, Level, type LogLine, scopeOf } from '../drop-in/log.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';

interface KnownSession {
	readonly instance: number;
	readonly blockBytes: number;
	readonly isEncrypted: boolean;
	/** The file that the latest lines were about; 0 before the first and after the last. */
	fileId: number;
}

export class ReceiverLines {
	readonly #hostName: (address: string) => string;
	readonly #sessions = new Map<number, KnownSession>();

	/** `hostName` gives the name of a sender's address, or the address while no name is known. */
	constructor(hostName: (address: string) => string) {
		this.#hostName = hostName;
	}

	/** The lines of one event, in order. */
	of(event: ReceiverEvent): LogLine[] {
		switch (event.kind) {
			case 'sessionStarted':
				return this.#sessionStarted(event);
			case 'registered':
				return [
					...this.#confirmed(event.groupId),
					this.#session(event.groupId, Level.Verbose, `grtt = ${(event.grttMs / 1000).toFixed(6)}`),
				];
			case 'fileOffered':
				return this.#fileOffered(event.file);
			case 'fileStarted':
				return this.#fileStarted(event);
			case 'fileComplete':
				return [this.#file(event.file, Level.Info, 'File transfer complete')];
			case 'fileEnded':
				return this.#fileEnded(event.file, event.status, event.reason);
			case 'fileDiscarded':
				return [this.#file(event.file, Level.Warning, `${event.file.name} is not complete: ${event.reason}`)];
			case 'sessionEnded':
				return this.#sessionEnded(event);
			case 'proxyKeyRequested':
				return [line(Level.Info, `Sent KEY_REQ to ${formatEndpoint(event.proxy)}`)];
			case 'proxyKeyReceived':
				return proxyKeyLines(event);
			case 'sessionMoved':
				return [this.#session(event.groupId, Level.Warning, movedText(event))];
			case 'announceIgnored':
				return [this.#session(event.groupId, Level.Warning, `${event.reason} (sender ${hexId(event.senderId)})`)];
			case 'dropped':
				return [line(Level.Verbose, `Dropped a packet from ${formatEndpoint(event.from)}: ${event.reason}`)];
			case 'warning':
				return [line(Level.Warning, `Warning: ${describeWarning(event, COMMAND_VOCABULARY)}`)];
		}
	}

	#sessionStarted(event: ReceiverEvent & { readonly kind: 'sessionStarted' }): LogLine[] {
		const { groupId, groupInstance: instance, blockBytes, senderId, sender, privateGroup, security, proxy } = event;
		this.#sessions.set(groupId, { instance, blockBytes, isEncrypted: security !== undefined, fileId: 0 });
		const unspecified = addressFamily(sender.host) === 6 ? '::' : '0.0.0.0';
		return [
			this.#session(
				groupId,
				Level.Info,
				`Received request from ${hexId(senderId)} at ${this.#hostName(sender.host)} (${sender.host})`,
			),
			this.#session(groupId, Level.Info, `Using private multicast address ${privateGroup ?? unspecified}`),
			...this.#secured(groupId, security),
			...(proxy === undefined
				? []
				: [this.#session(groupId, Level.Verbose, `Answers go to the response proxy at ${formatEndpoint(proxy)}`)]),
			this.#session(groupId, Level.Info, 'REGISTER sent'),
			...(security?.ownFingerprint === undefined ? [] : [this.#session(groupId, Level.Info, 'CLIENT_KEY sent')]),
		];
	}

	#secured(groupId: number, security: SessionSecurityFacts | undefined): LogLine[] {
		if (security === undefined) return [];
		const { suite, senderFingerprint, isPinned } = security;
		const whose = isPinned ? "the sender's key as the list has it" : "the sender's key";
		const text = `Encrypted: ${suite}; ${whose}: ${formatFingerprint(senderFingerprint)}`;
		return [this.#session(groupId, Level.Info, text)];
	}

	/** REG_CONF in the clear, KEYINFO where a session is encrypted. */
	#confirmed(groupId: number): LogLine[] {
		const isEncrypted = this.#sessions.get(groupId)?.isEncrypted === true;
		const texts = isEncrypted ? ['Received KEYINFO', 'KEYINFO_ACK sent'] : ['Registration confirmed'];
		return texts.map((text) => this.#session(groupId, Level.Info, text));
	}

	#fileOffered(file: IncomingFile): LogLine[] {
		const session = this.#sessions.get(file.groupId);
		if (session !== undefined) session.fileId = file.fileId;
		const lines = [this.#file(file, Level.Info, `Name of file to receive: ${file.name}`)];
		if (file.type === FileType.Regular) {
			const { blocks, sections, sizesLine } = geometryOf(file.size, session?.blockBytes ?? 0);
			lines.push(this.#file(file, Level.Info, `Bytes: ${file.size}, Blocks: ${blocks}, Sections: ${sections}`));
			lines.push(this.#file(file, Level.Verbose, sizesLine));
		} else lines.push(this.#file(file, Level.Info, typeLine(file.type, file.link)));
		return lines;
	}

	#fileStarted({ file, presentBlocks }: ReceiverEvent & { readonly kind: 'fileStarted' }): LogLine[] {
		const lines = [this.#file(file, Level.Info, 'FILEINFO_ACK sent')];
		if (presentBlocks === undefined) return lines;
		const text = `Resuming: ${presentBlocks} blocks are here from an earlier run of the session`;
		return [this.#file(file, Level.Info, text), ...lines];
	}

	#fileEnded(file: IncomingFile, status: CompleteStatus, reason: string | undefined): LogLine[] {
		const lines: LogLine[] = [];
		const why = reason === undefined || reason === '' ? '' : `: ${reason}`;
		if (status === CompleteStatus.Rejected) lines.push(this.#file(file, Level.Warning, `Rejecting file${why}`));
		if (status === CompleteStatus.Skipped) lines.push(this.#file(file, Level.Info, `Skipping file${why}`));
		lines.push(this.#file(file, Level.Info, 'COMPLETE sent'));
		return lines;
	}

	#sessionEnded(event: ReceiverEvent & { readonly kind: 'sessionEnded' }): LogLine[] {
		const { groupId, outcome, reason } = event;
		const session = this.#sessions.get(groupId);
		const fileId = session?.fileId ?? 0;
		const say = (level: Level, text: string, file = fileId): LogLine => ({
			level,
			text,
			scope: scopeOf(groupId, session?.instance ?? 0, file),
		});
		this.#sessions.delete(groupId);
		switch (outcome) {
			case 'completed':
				return [say(Level.Info, 'Group complete', 0), say(Level.Info, confirmation(reason), 0)];
			case 'aborted':
				return [say(Level.Warning, abortLine(reason))];
			case 'timedOut':
			case 'unconfirmed':
			case 'proxyLost':
				return [say(Level.Warning, reason)];
			case 'interrupted':
			case 'internal':
				return [say(Level.Warning, `Transfer given up: ${reason}`)];
		}
	}

	#session(groupId: number, level: Level, text: string): LogLine {
		return { level, text, scope: scopeOf(groupId, this.#sessions.get(groupId)?.instance ?? 0, 0) };
	}

	#file(file: IncomingFile, level: Level, text: string): LogLine {
		return { level, text, scope: scopeOf(file.groupId, this.#sessions.get(file.groupId)?.instance ?? 0, file.fileId) };
	}
}

/** C's line; and whose key it is, because the next session depends on it. */
function proxyKeyLines(event: ReceiverEvent & { readonly kind: 'proxyKeyReceived' }): LogLine[] {
	const { proxy, fingerprint, isOther } = event;
	const text = `The response proxy's key: ${formatFingerprint(fingerprint)}`;
	return [
		line(Level.Info, `Received PROXY_KEY from ${proxy.host}`),
		isOther ? line(Level.Warning, `Warning: ${text}; it had another one before`) : line(Level.Info, text),
	];
}

function movedText({ from, to }: ReceiverEvent & { readonly kind: 'sessionMoved' }): string {
	const target = to === undefined ? 'the sender' : `the one at ${formatEndpoint(to)}`;
	return `The response proxy at ${formatEndpoint(from)} is lost: answers go to ${target} from now on`;
}

/** The session says in one text who aborted and why. */
function abortLine(reason: string): string {
	const [, who, why] = /^The (sender|response proxy) aborted: (.*)$/s.exec(reason) ?? [];
	if (who === undefined) return `${reason}, aborting`;
	return `Transfer aborted by ${who === 'sender' ? 'server' : who}: ${why}`;
}

/** The session also counts as completed when the sender never confirmed that it knows. */
function confirmation(reason: string): string {
	return reason.includes('did not confirm') ? reason : 'Group file transfer confirmed';
}

function line(level: Level, text: string): LogLine {
	return { level, text, scope: '' };
}
