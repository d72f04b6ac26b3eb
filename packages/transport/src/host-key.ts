import { sourceKey } from '@uftp/native';
import { parseAddress } from '@uftp/wire';

/** The number that `IncomingBatch.sourceKey` gives for this host; NaN, which equals nothing, for what is no address. */
export function hostKey(host: string): number {
	const zone = host.indexOf('%');
	const bytes = parseAddress(zone < 0 ? host : host.slice(0, zone));
	return bytes === undefined ? Number.NaN : sourceKey(bytes, 0, bytes.length);
}
