/** Reading the block of headers in front of an HPUB's payload. */
import { type HeaderMap, headerNameProblem, headerVersion, noHeaders } from '../payload.ts';

export interface DecodedHeaders {
	readonly headers: HeaderMap;
	/** Code behind the version: "503". */
	readonly status: string | undefined;
}

const decoder = new TextDecoder();

/** Most headers in one message. */
const maxHeaders = 1024;

/** The headers, or undefined if the bytes are not a block of headers. */
export function decodeHeaders(bytes: Uint8Array): DecodedHeaders | undefined {
	const text = decoder.decode(bytes);
	if (!text.startsWith(headerVersion) || !text.endsWith('\r\n\r\n')) return undefined;
	const lines = text.slice(0, -4).split('\r\n');
	if (lines.length > maxHeaders) return undefined;
	const first = (lines[0] as string).slice(headerVersion.length);
	if (first !== '' && !first.startsWith(' ')) return undefined;
	const status = first.trim().split(' ')[0];
	const map = new Map<string, string[]>();
	for (const line of lines.slice(1)) {
		const colon = line.indexOf(':');
		const name = line.slice(0, Math.max(colon, 0));
		const value = line.slice(colon + 1).trim();
		if (headerNameProblem(name) !== undefined || /[\r\n]/.test(value)) return undefined;
		const values = map.get(name);
		if (values === undefined) map.set(name, [value]);
		else values.push(value);
	}
	return { headers: map.size === 0 ? noHeaders : map, status: status === '' ? undefined : status };
}
