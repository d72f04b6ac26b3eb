/** Checksums of whole files, for proving that a copy is the original. */
import fs from 'node:fs/promises';

const chunkBytes = 1 << 20;

/** SHA-256 of a file in lower-case hexadecimal. Reads it in chunks of 1 MiB and gives the event loop its turns. */
export async function sha256OfFile(path: string): Promise<string> {
	const hash = new Bun.CryptoHasher('sha256');
	const file = await fs.open(path, 'r');
	try {
		const chunk = new Uint8Array(chunkBytes);
		for (;;) {
			const { bytesRead } = await file.read(chunk, 0, chunkBytes, null);
			if (bytesRead === 0) return hash.digest('hex');
			hash.update(bytesRead === chunkBytes ? chunk : chunk.subarray(0, bytesRead));
		}
	} finally {
		await file.close();
	}
}
