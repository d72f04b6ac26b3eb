/**
 * What a receiver keeps of a session that failed, so that its next run need not send it again: which blocks of which
 * unfinished files are there. A format of our own, read by nobody else: a mark with the version, the length of a JSON
 * header (32 bits, big-endian), the header, for each of its files the section states and the bitmaps of the partial
 * sections, and the SHA-256 of all that.
 */
import { type BlockMap, SectionMap, SectionState } from '@uftp/protocol';
import { isTemporaryName } from './temporary-names.ts';

/** An unfinished file that has been put by. */
export interface PartialFile {
	/** Its path in the session's folder. */
	readonly name: string;
	readonly size: number;
	readonly modifiedSeconds: number | undefined;
	/** Its name now, in the directory where it will have its own. */
	readonly temporaryName: string;
	/** When it was changed last, in milliseconds since 1970: another time means that it is not what it was. */
	readonly changedMs: number;
	readonly map: BlockMap;
}

export interface RestartJournal {
	readonly groupId: number;
	readonly files: readonly PartialFile[];
}

const MARK = 'UFTPRST1';
const HEADER_AT = MARK.length + 4;
const DIGEST_BYTES = 32;

/** The journal as bytes. */
export function encodeJournal({ groupId, files }: RestartJournal): Uint8Array {
	const header = new TextEncoder().encode(
		JSON.stringify({ groupId, files: files.map(({ map, ...rest }) => ({ ...rest, blockBytes: map.blockBytes })) }),
	);
	const parts = [header, ...files.flatMap(({ map }) => partsOf(map))];
	const length = parts.reduce((sum, part) => sum + part.length, HEADER_AT);
	const bytes = new Uint8Array(length + DIGEST_BYTES);
	bytes.set(new TextEncoder().encode(MARK));
	new DataView(bytes.buffer).setUint32(MARK.length, header.length);
	let at = HEADER_AT;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.length;
	}
	bytes.set(new Bun.CryptoHasher('sha256').update(bytes.subarray(0, at)).digest(), at);
	return bytes;
}

function partsOf({ sections, bitmaps }: BlockMap): Uint8Array[] {
	const parts = [sections];
	for (const [section, state] of sections.entries()) {
		const bitmap = bitmaps.get(section);
		if (state === SectionState.Partial && bitmap !== undefined) parts.push(bitmap);
	}
	return parts;
}

/** Reads a journal; a sentence's end that says what is wrong if it is none, or not as it was written. */
export function decodeJournal(bytes: Uint8Array<ArrayBuffer>): RestartJournal | string {
	const mark = new TextDecoder('latin1').decode(bytes.subarray(0, MARK.length));
	if (mark !== MARK) {
		const isOurs = mark.startsWith(MARK.slice(0, -1));
		return isOurs ? 'it was written by another version of this program' : 'it was written by another program';
	}
	const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
	const digest = new Bun.CryptoHasher('sha256').update(body).digest();
	if (body.length < HEADER_AT || !digest.equals(bytes.subarray(body.length))) return 'it is damaged';
	const headerBytes = new DataView(body.buffer, body.byteOffset).getUint32(MARK.length);
	const payloadAt = HEADER_AT + headerBytes;
	if (payloadAt > body.length) return 'it is damaged';
	try {
		const header = JSON.parse(new TextDecoder().decode(body.subarray(HEADER_AT, payloadAt))) as JsonObject;
		return journalOf(header, body.subarray(payloadAt));
	} catch {
		return 'its header cannot be read';
	}
}

type JsonObject = Record<string, unknown>;

/** Throws for what is not as it should be. */
function journalOf(header: JsonObject, payload: Uint8Array): RestartJournal {
	const cursor = { at: 0 };
	const take = (length: number): Uint8Array => {
		if (cursor.at + length > payload.length) throw new RangeError('the journal is too short');
		cursor.at += length;
		// A copy that is not tied to the bytes of the whole journal.
		return new Uint8Array(payload.subarray(cursor.at - length, cursor.at));
	};
	const files = (header['files'] as JsonObject[]).map((file) => partialFileOf(file, take));
	if (cursor.at !== payload.length) throw new RangeError('the journal is too long');
	return { groupId: wholeNumber(header['groupId']), files };
}

function partialFileOf(file: JsonObject, take: (length: number) => Uint8Array): PartialFile {
	const { name, temporaryName, changedMs } = file;
	if (typeof name !== 'string' || typeof temporaryName !== 'string' || typeof changedMs !== 'number') {
		throw new TypeError('a field is missing');
	}
	// It is opened by this name: it must not lead anywhere else.
	if (!isTemporaryName(temporaryName)) throw new TypeError('not a temporary name');
	const size = wholeNumber(file['size']);
	const map = SectionMap.of(size, wholeNumber(file['blockBytes']));
	if (typeof map === 'string') throw new RangeError(map);
	const sections = take(map.sections);
	const bitmaps = new Map<number, Uint8Array>();
	for (const [section, state] of sections.entries()) {
		if (state > SectionState.Complete) throw new RangeError('not a section state');
		if (state === SectionState.Partial) bitmaps.set(section, take(bitmapBytes(map.blocksIn(section))));
	}
	const modifiedSeconds = secondsOrNone(file['modifiedSeconds']);
	const blocks = { size, blockBytes: map.blockBytes, sections, bitmaps };
	return { name, size, modifiedSeconds, temporaryName, changedMs, map: blocks };
}

function secondsOrNone(value: unknown): number | undefined {
	if (value !== undefined && !Number.isSafeInteger(value)) throw new TypeError('not a time');
	return value as number | undefined;
}

function wholeNumber(value: unknown): number {
	if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new TypeError('not a number');
	return value;
}

/** As STATUS carries them (docs/protocol.md, section 8.5). */
function bitmapBytes(blocks: number): number {
	return (blocks >> 3) + 1;
}

/** Bytes of the file that are there, to the block. */
export function arrivedBytes({ size, blockBytes, sections, bitmaps }: BlockMap): number {
	const map = SectionMap.of(size, blockBytes);
	if (typeof map === 'string') return 0;
	let blocks = 0;
	for (const [section, state] of sections.entries()) {
		const bitmap = bitmaps.get(section);
		if (state === SectionState.Complete) blocks += map.blocksIn(section);
		else if (bitmap !== undefined) blocks += clearBits(bitmap, map.blocksIn(section));
	}
	return Math.min(size, blocks * blockBytes);
}

function clearBits(bitmap: Uint8Array, blocks: number): number {
	let clear = 0;
	for (let i = 0; i < blocks; i++) if ((bitmap[i >> 3] & (1 << (i & 7))) === 0) clear++;
	return clear;
}
