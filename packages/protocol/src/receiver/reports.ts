/** Why a receiving node drops what it does. */
import { type CommonHeader, MESSAGE_TRAITS } from '@uftp/wire';

/** Why a message of no known session is not used: other receivers' answers are not meant for this one at all. */
export function strayReason(header: Readonly<CommonHeader>): string {
	return MESSAGE_TRAITS[header.func].origins.includes('sender') ? 'unknown-group' : 'not-for-receivers';
}
