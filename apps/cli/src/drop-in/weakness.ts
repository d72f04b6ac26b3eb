/** What is weak about a session's algorithms: the defaults of 4.10.2 are kept, but not in silence. */
import { CipherType, type Curve, HashType, KeyExchange, type PublicKey, type Suite } from '@uftp/crypto';
import { curveText } from './keys.ts';

/** Keys below are weak today; the strength of 224 bits on a curve is that of 2048 bits of RSA. */
const RSA_BITS_MIN = 2048;
const CURVE_BITS_MIN = 224;

/** One line that names everything weak and the cure, or undefined. */
export function weaknessLine(suite: Suite, key: PublicKey, agreementCurve: Curve | undefined): string | undefined {
	const weak: string[] = [];
	const cures: string[] = [];
	if (key.kind === 'rsa' && 8 * key.modulus.length < RSA_BITS_MIN) {
		weak.push(`an RSA key of ${8 * key.modulus.length} bits`);
		cures.push('-K 2048');
	}
	const curve = key.kind === 'ec' && key.curve.fieldBits < CURVE_BITS_MIN ? key.curve : agreementCurve;
	if (curve !== undefined && curve.fieldBits < CURVE_BITS_MIN) {
		weak.push(`the curve ${curveText(curve)}`);
		cures.push('prime256v1');
	}
	if (suite.hash === HashType.SHA1) {
		weak.push('SHA-1');
		cures.push('-h sha256');
	}
	if (suite.cipher === CipherType.TRIPLE_DES) {
		weak.push('3DES');
		cures.push('-Y aes256-gcm');
	}
	if (weak.length === 0) return undefined;
	const better =
		suite.keyExchange === KeyExchange.ECDH_ECDSA ? '' : '; strongest: -e ecdh_ecdsa -h sha256 -Y aes256-gcm';
	return `Warning: weak encryption: ${weak.join(', ')}. Better: ${cures.join(' ')}${better}`;
}
