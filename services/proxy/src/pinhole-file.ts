/** The last places of downstream proxies, in a file of the state directory: a restart asks there first. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatFingerprint, parseFingerprint } from '@uftp/crypto';
import type { DownstreamSite, Endpoint } from '@uftp/protocol';
import { parseAddress } from '@uftp/wire';
import { z } from 'zod';

/** Whoever can read it sees where people are. */
const PRIVATE = { file: 0o600, folder: 0o700 } as const;

const stored = z.strictObject({
	v: z.literal(1),
	pinholes: z
		.array(z.strictObject({ fingerprint: z.string(), host: z.string().max(64), port: z.int().min(1).max(65_535) }))
		.max(10_000),
});

export class PinholeFile {
	readonly #path: string;
	readonly #places = new Map<string, Endpoint>();
	/** A sentence if the file is there and cannot be used: then nothing is remembered. */
	readonly problem: string | undefined;

	constructor(path: string) {
		this.#path = path;
		this.problem = this.#read();
	}

	/** The sites with the places where those that are known by their key were last. */
	remembering(sites: readonly DownstreamSite[]): DownstreamSite[] {
		return sites.map((site) => {
			if (site.kind === 'address') return site;
			const remembered = this.#places.get(formatFingerprint(site.fingerprint));
			return remembered === undefined ? site : { ...site, remembered };
		});
	}

	/** A downstream is somewhere else now. A sentence if that cannot be kept. */
	set(fingerprint: Uint8Array, place: Endpoint): string | undefined {
		this.#places.set(formatFingerprint(fingerprint), place);
		return this.#write();
	}

	#read(): string | undefined {
		let text: string;
		try {
			text = readFileSync(this.#path, 'utf8');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
			return this.#unusable((error as Error).message);
		}
		try {
			const { pinholes } = stored.parse(JSON.parse(text));
			for (const { fingerprint, host, port } of pinholes) {
				if (parseFingerprint(fingerprint) === undefined || parseAddress(host) === undefined) continue;
				this.#places.set(fingerprint, { host, port });
			}
			return undefined;
		} catch {
			return this.#unusable('it is not what this program writes');
		}
	}

	#unusable(why: string): string {
		return `The pinholes kept in ${this.#path} cannot be read: ${why}. Downstream proxies are served when their next heartbeat comes.`;
	}

	#write(): string | undefined {
		const pinholes = [...this.#places].map(([fingerprint, { host, port }]) => ({ fingerprint, host, port }));
		const temporary = `${this.#path}.new`;
		try {
			mkdirSync(dirname(this.#path), { recursive: true, mode: PRIVATE.folder });
			writeFileSync(temporary, `${JSON.stringify({ v: 1, pinholes })}\n`, { mode: PRIVATE.file });
			renameSync(temporary, this.#path);
			return undefined;
		} catch (error) {
			return `The pinholes cannot be kept in ${this.#path}: ${(error as Error).message}. After a restart downstream proxies are served when their next heartbeat comes; UFTP_STATE_DIR names another folder.`;
		}
	}
}
