import { Memory } from '../memory.ts';
import { withName } from './address.ts';
import { makeNumber } from './big-number.ts';
import type { Libcrypto } from './library.ts';

const UNCOMPRESSED = 4;
const MAX_COORDINATE_BYTES = 72;
const MAX_DIGEST_BYTES = 64;
const POINT_AT = 0;
const DIGEST_AT = 1 + 2 * MAX_COORDINATE_BYTES;
const HALF_AT = DIGEST_AT + MAX_DIGEST_BYTES;
const SCRATCH_BYTES = HALF_AT + MAX_COORDINATE_BYTES;

const numbersOfCurves = new Map<string, number>();

function curveNumber(libcrypto: Libcrypto, curve: string): number {
	let number = numbersOfCurves.get(curve);
	if (number === undefined) {
		number = withName(curve, (name) => libcrypto.OBJ_sn2nid(name));
		numbersOfCurves.set(curve, number);
	}
	return number;
}

/** A key on a curve, public or private. Coordinates and scalars are big-endian of fixed width. */
export class LibcryptoEcKey {
	readonly #libcrypto: Libcrypto;
	readonly #key: number;
	readonly #group: number;
	readonly #coordinateBytes: number;
	readonly #scratch = new Memory(SCRATCH_BYTES);

	private constructor(libcrypto: Libcrypto, key: number) {
		this.#libcrypto = libcrypto;
		this.#key = key;
		this.#group = Number(libcrypto.EC_KEY_get0_group(key));
		this.#coordinateBytes = Math.ceil(libcrypto.EC_GROUP_get_degree(this.#group) / 8);
		keys.register(this, { libcrypto, key });
	}

	static #forCurve(libcrypto: Libcrypto, curve: string): LibcryptoEcKey | undefined {
		const number = curveNumber(libcrypto, curve);
		const key = number === 0 ? 0 : Number(libcrypto.EC_KEY_new_by_curve_name(number));
		if (key !== 0) return new LibcryptoEcKey(libcrypto, key);
		libcrypto.ERR_clear_error();
		return undefined;
	}

	/** Whether this libcrypto was built with the curve of that name (OpenSSL's). */
	static hasCurve(libcrypto: Libcrypto, curve: string): boolean {
		return LibcryptoEcKey.#forCurve(libcrypto, curve) !== undefined;
	}

	/** From X || Y. Undefined if the curve is unknown or the point is not on it. */
	static fromPoint(libcrypto: Libcrypto, curve: string, point: Uint8Array): LibcryptoEcKey | undefined {
		const key = LibcryptoEcKey.#forCurve(libcrypto, curve);
		if (key === undefined || point.length !== 2 * key.#coordinateBytes) return undefined;
		const { bytes, address } = key.#scratch;
		bytes[POINT_AT] = UNCOMPRESSED;
		bytes.set(point, POINT_AT + 1);
		const at = Number(libcrypto.EC_POINT_new(key.#group));
		const read = libcrypto.EC_POINT_oct2point(key.#group, at, address + POINT_AT, point.length + 1, 0) === 1;
		const valid = read && libcrypto.EC_KEY_set_public_key(key.#key, at) === 1;
		libcrypto.EC_POINT_clear_free(at);
		return valid && key.#isInGroup() ? key : key.#refused();
	}

	/** From the private scalar; the public point is computed. Undefined if it is zero or not below the order. */
	static fromScalar(libcrypto: Libcrypto, curve: string, scalar: Uint8Array): LibcryptoEcKey | undefined {
		const key = LibcryptoEcKey.#forCurve(libcrypto, curve);
		if (key === undefined) return undefined;
		const number = makeNumber(libcrypto, scalar);
		const point = Number(libcrypto.EC_POINT_new(key.#group));
		const valid =
			libcrypto.BN_num_bits(number) > 0 &&
			libcrypto.BN_cmp(number, libcrypto.EC_GROUP_get0_order(key.#group)) < 0 &&
			libcrypto.EC_KEY_set_private_key(key.#key, number) === 1 &&
			libcrypto.EC_POINT_mul(key.#group, point, number, 0, 0, 0) === 1 &&
			libcrypto.EC_KEY_set_public_key(key.#key, point) === 1;
		libcrypto.BN_clear_free(number);
		libcrypto.EC_POINT_clear_free(point);
		return valid ? key : key.#refused();
	}

	/** Reading a point has found it on the curve. Where the curve has more points than the group, that is not enough. */
	#isInGroup(): boolean {
		const libcrypto = this.#libcrypto;
		const cofactor = libcrypto.EC_GROUP_get0_cofactor(this.#group);
		return libcrypto.BN_num_bits(cofactor) === 1 || libcrypto.EC_KEY_check_key(this.#key) === 1;
	}

	#refused(): undefined {
		this.#libcrypto.ERR_clear_error();
		return undefined;
	}

	/** The public point, X || Y. */
	point(): Uint8Array {
		const length = 1 + 2 * this.#coordinateBytes;
		const { bytes, address } = this.#scratch;
		const point = this.#libcrypto.EC_KEY_get0_public_key(this.#key);
		this.#libcrypto.EC_POINT_point2oct(this.#group, point, UNCOMPRESSED, address + POINT_AT, length, 0);
		return bytes.slice(POINT_AT + 1, POINT_AT + length);
	}

	/** The X coordinate of this private key times the other's point, leading zeros kept. */
	agree(other: LibcryptoEcKey): Uint8Array {
		const { bytes, address } = this.#scratch;
		const length = this.#coordinateBytes;
		const point = this.#libcrypto.EC_KEY_get0_public_key(other.#key);
		const made = this.#libcrypto.ECDH_compute_key(address, length, point, this.#key, 0);
		if (made !== length) throw new Error('libcrypto did not agree on a key: the two keys are not of one curve');
		const x = bytes.slice(0, length);
		bytes.fill(0, 0, length);
		return x;
	}

	/** Signs a digest: r || s, each `halfBytes` wide, into `signature`. */
	sign(digest: Uint8Array, signature: Uint8Array, halfBytes: number): void {
		const libcrypto = this.#libcrypto;
		const { bytes, address } = this.#scratch;
		bytes.set(digest, DIGEST_AT);
		const made = Number(libcrypto.ECDSA_do_sign(address + DIGEST_AT, digest.length, this.#key));
		if (made === 0) throw new Error('libcrypto did not sign; is this the private key?');
		this.#copyHalf(libcrypto.ECDSA_SIG_get0_r(made), signature, 0, halfBytes);
		this.#copyHalf(libcrypto.ECDSA_SIG_get0_s(made), signature, halfBytes, halfBytes);
		libcrypto.ECDSA_SIG_free(made);
	}

	#copyHalf(number: number | bigint, signature: Uint8Array, at: number, halfBytes: number): void {
		const { bytes, address } = this.#scratch;
		if (this.#libcrypto.BN_bn2binpad(Number(number), address + HALF_AT, halfBytes) !== halfBytes) {
			throw new RangeError(`half a signature does not fit ${halfBytes} bytes`);
		}
		for (let i = 0; i < halfBytes; i += 1) signature[at + i] = bytes[HALF_AT + i];
	}

	/** Whether r || s, of equal widths, signs the digest. */
	verify(digest: Uint8Array, signature: Uint8Array): boolean {
		const libcrypto = this.#libcrypto;
		const { bytes, address } = this.#scratch;
		const halfBytes = signature.length / 2;
		if (halfBytes > MAX_COORDINATE_BYTES || digest.length > MAX_DIGEST_BYTES) return false;
		bytes.set(digest, DIGEST_AT);
		bytes.set(signature, POINT_AT);
		const r = libcrypto.BN_bin2bn(address + POINT_AT, halfBytes, 0);
		const s = libcrypto.BN_bin2bn(address + POINT_AT + halfBytes, halfBytes, 0);
		const read = Number(libcrypto.ECDSA_SIG_new());
		libcrypto.ECDSA_SIG_set0(read, r, s);
		const verdict = libcrypto.ECDSA_do_verify(address + DIGEST_AT, digest.length, read, this.#key);
		libcrypto.ECDSA_SIG_free(read);
		if (verdict !== 1) libcrypto.ERR_clear_error();
		return verdict === 1;
	}
}

interface Key {
	readonly libcrypto: Libcrypto;
	readonly key: number;
}

const keys = new FinalizationRegistry<Key>(({ libcrypto, key }) => libcrypto.EC_KEY_free(key));
