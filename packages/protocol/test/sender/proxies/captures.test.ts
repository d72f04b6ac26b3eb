/** Sessions that 4.10.2 recorded through its own proxies: our sender takes what theirs said, and says what C's said. */
import { type CommonHeader, decodeDatagram, isMalformed, MessageType, type Timestamp } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../../../src/index.ts';
import { type Captured, captured } from '../../captured.ts';
import { Stage } from '../scripted-receivers.ts';

interface Said {
	readonly func: number;
	readonly fileId?: number;
	readonly section?: number;
	readonly ids?: readonly number[] | undefined;
}

interface Message extends Said {
	readonly header: CommonHeader;
	readonly datagram: Captured;
	readonly fields: Partial<CatalogueEntry> & { readonly timestamp?: Timestamp };
}

function messagesOf(name: string): Message[] {
	return captured(name)
		.map((datagram) => ({ datagram, decoded: decodeDatagram(datagram.payload, 0, datagram.payload.length) }))
		.map(({ datagram, decoded }) => {
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			const fields = decoded.content.message as unknown as Message['fields'] & Said;
			return { ...said(decoded.header.func, fields), header: decoded.header, datagram, fields };
		})
		.filter(({ func }) => func !== MessageType.PROXY_KEY);
}

function said(func: number, { fileId, section, ids }: Omit<Said, 'func'>): Said {
	return { func, ...(fileId === undefined ? {} : { fileId }), ...(section === undefined ? {} : { section }), ids };
}

/** A session as C's was: same ids, same files, and timestamps that the recorded echoes fit. */
function stageOf(messages: readonly Message[]): Stage {
	const [announce] = messages;
	const { seconds, microseconds } = announce.fields.timestamp!;
	const files = messages.filter(({ func }) => func === MessageType.FILEINFO);
	const { groupId, sourceId } = announce.header;
	const catalogue = files.map(({ fields }) => ({ ...fields }) as CatalogueEntry);
	return new Stage({ groupId, sourceId, epochMs: seconds * 1000 + microseconds / 1000 }, catalogue);
}

/** What a recorded answer answers. */
function askedBy({ func, fileId }: Message, sent: Said): boolean {
	if (func === MessageType.REGISTER) return sent.func === MessageType.ANNOUNCE;
	if (func === MessageType.FILEINFO_ACK) return sent.func === MessageType.FILEINFO && sent.fileId === fileId;
	return sent.fileId === fileId && (sent.func === MessageType.DONE || sent.func === MessageType.FILEINFO);
}

/** Lets our sender ask, and gives it the recorded answers, each to what it answers. */
function replay(stage: Stage, messages: readonly Message[]): void {
	const [{ header }] = messages;
	for (const answer of messages.filter((message) => message.header.sourceId !== header.sourceId)) {
		const isAsked = () => stage.sent.some((sent) => askedBy(answer, said(sent.func, sent.message)));
		for (let ms = 0; ms < 3000 && !isAsked(); ms++) stage.run(1);
		stage.run(2);
		stage.give(answer.datagram.from, answer.datagram.payload);
	}
	// Answers that were recorded earlier in their session than ours asks look slow.
	stage.run(5000);
}

/** The messages of a sender, without blocks and with one ANNOUNCE for all of them, as the number of them differs. */
function script(messages: readonly Said[]): Said[] {
	const seen = new Set<string>();
	return messages.filter((message) => {
		if (message.func === MessageType.FILESEG) return false;
		const key = JSON.stringify(message);
		// C confirms the end of the session once or twice, as ours does.
		const isRepeatable = message.func === MessageType.ANNOUNCE || message.func === MessageType.DONE_CONF;
		if (isRepeatable && seen.has(key)) return false;
		seen.add(key);
		return true;
	});
}

describe.each([
	['proxy-chain-plain.sender-side', 0x0a630003, 0x0a620002],
	['response-proxy-plain.sender-side', 0x0a630004, 0x0a630002],
])('the recorded session %s', (name, proxyId, receiverId) => {
	const messages = messagesOf(name);
	const stage = stageOf(messages);
	replay(stage, messages);

	it('completes with the answers of the recorded proxy', () => {
		expect(stage.session.end?.failure).toBeUndefined();
		expect(stage.session.end?.results).toMatchObject([{ receiverId, viaProxyId: proxyId, filesMissing: 0 }]);
		expect(stage.kinds('proxyRegistered')).toMatchObject([{ proxyId }]);
		expect(stage.kinds('registered')).toMatchObject([{ receiverId, viaProxyId: proxyId, rttMs: 1 }]);
	});

	it('is the same in our words: who is confirmed, asked and released, proxies where C names them', () => {
		const theirs = messages.filter(({ header }) => header.sourceId === messages[0].header.sourceId);
		const words = (list: readonly (Said & { fields?: unknown })[]) => script(list.map((m) => said(m.func, m)));
		expect(words(stage.sent.map(({ func, message }) => ({ ...message, func })))).toEqual(words(theirs));
	});
});
