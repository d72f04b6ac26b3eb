/** The named curves (docs/protocol.md, section 11.2). */

export const CurveId = { SECP224R1: 21, SECP256K1: 22, SECP256R1: 23, SECP384R1: 24, SECP521R1: 25 } as const;

/** One elliptic curve that UFTP has a number for (`curveByName`). */
export interface Curve {
	/** Its number on the wire. */
	readonly id: number;
	/** Its name in UFTP; where people write it, `alias` is taken too. */
	readonly name: string;
	/** OpenSSL's name, if it is another one. */
	readonly alias?: string;
	/** Object identifier, in PEM files. */
	readonly oid: string;
	/** Bits of a coordinate and of a private scalar. */
	readonly fieldBits: number;
	readonly orderBits: number;
}

function curve(id: number, name: string, oid: string, fieldBits: number, orderBits: number, alias?: string): Curve {
	return alias === undefined ? { id, name, oid, fieldBits, orderBits } : { id, name, oid, fieldBits, orderBits, alias };
}

export const CURVES: readonly Curve[] = [
	curve(1, 'sect163k1', '1.3.132.0.1', 163, 163),
	curve(2, 'sect163r1', '1.3.132.0.2', 163, 162),
	curve(3, 'sect163r2', '1.3.132.0.15', 163, 163),
	curve(4, 'sect193r1', '1.3.132.0.24', 193, 193),
	curve(5, 'sect193r2', '1.3.132.0.25', 193, 193),
	curve(6, 'sect233k1', '1.3.132.0.26', 233, 232),
	curve(7, 'sect233r1', '1.3.132.0.27', 233, 233),
	curve(8, 'sect239k1', '1.3.132.0.3', 239, 238),
	curve(9, 'sect283k1', '1.3.132.0.16', 283, 281),
	curve(10, 'sect283r1', '1.3.132.0.17', 283, 282),
	curve(11, 'sect409k1', '1.3.132.0.36', 409, 407),
	curve(12, 'sect409r1', '1.3.132.0.37', 409, 409),
	curve(13, 'sect571k1', '1.3.132.0.38', 571, 570),
	curve(14, 'sect571r1', '1.3.132.0.39', 571, 570),
	curve(15, 'secp160k1', '1.3.132.0.9', 160, 161),
	curve(16, 'secp160r1', '1.3.132.0.8', 160, 161),
	curve(17, 'secp160r2', '1.3.132.0.30', 160, 161),
	curve(18, 'secp192k1', '1.3.132.0.31', 192, 192),
	curve(19, 'secp192r1', '1.2.840.10045.3.1.1', 192, 192, 'prime192v1'),
	curve(20, 'secp224k1', '1.3.132.0.32', 224, 225),
	curve(21, 'secp224r1', '1.3.132.0.33', 224, 224),
	curve(22, 'secp256k1', '1.3.132.0.10', 256, 256),
	curve(23, 'secp256r1', '1.2.840.10045.3.1.7', 256, 256, 'prime256v1'),
	curve(24, 'secp384r1', '1.3.132.0.34', 384, 384),
	curve(25, 'secp521r1', '1.3.132.0.35', 521, 521),
];

/** The name by which OpenSSL and its relatives know a curve. */
export function openSslName(curve: Curve): string {
	return curve.alias ?? curve.name;
}

/** Bytes of one coordinate. */
export function coordinateBytes(curve: Curve): number {
	return Math.ceil(curve.fieldBits / 8);
}

/** Bytes of a private scalar, and of each half of a signature. */
export function scalarBytes(curve: Curve): number {
	return Math.ceil(curve.orderBits / 8);
}

export function curveById(id: number): Curve | undefined {
	return CURVES.find((curve) => curve.id === id);
}

/** By either name, any case. */
export function curveByName(name: string): Curve | undefined {
	const wanted = name.toLowerCase();
	return CURVES.find((curve) => curve.name === wanted || curve.alias === wanted);
}

export function curveByOid(oid: string): Curve | undefined {
	return CURVES.find((curve) => curve.oid === oid);
}
