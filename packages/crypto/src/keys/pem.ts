/** Private keys as text: written as PKCS#1 and SEC1, as the original programs do; PKCS#8 is read, too. */
import { concatBytes } from '../bytes.ts';
import { type Curve, curveByOid, scalarBytes } from '../curves.ts';
import type { RsaNumbers } from '../ports.ts';
import { DerReader, DerTag, derElement, derInteger, derObject } from './der.ts';
import type { PrivateKey, PrivateNumbers } from './key.ts';
import { KeyError } from './key-error.ts';

const RSA_OID = '1.2.840.113549.1.1.1';
const EC_OID = '1.2.840.10045.2.1';
const LINE_CHARACTERS = 64;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/**
 * The first private key in the text of a PEM file. Throws a KeyError that says what is wrong with it and contains
 * nothing of it.
 */
export function readPem(text: string): PrivateNumbers {
	for (const [, label, body] of text.matchAll(BLOCK)) {
		if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED')) {
			throw new KeyError(
				'the key file is protected by a passphrase; take that off with "openssl pkey -in FILE -out NEWFILE"',
			);
		}
		if (label === 'RSA PRIVATE KEY') return checkedRsa(readPkcs1(decodeBase64(body)));
		if (label === 'EC PRIVATE KEY') return readSec1(decodeBase64(body), undefined);
		if (label === 'PRIVATE KEY') return readPkcs8(decodeBase64(body));
		if (label.endsWith('PUBLIC KEY') || label === 'CERTIFICATE') {
			throw new KeyError(`the file holds a ${label.toLowerCase()}; give the file with the private key`);
		}
	}
	throw new KeyError('the file holds no private key in PEM form ("-----BEGIN ... PRIVATE KEY-----")');
}

/** The text of a PEM file with this key: "RSA PRIVATE KEY" or "EC PRIVATE KEY". Store it with mode 600. */
export function writePem(key: PrivateKey): string {
	const secret = key.exportNumbers();
	if (secret.kind === 'rsa') return pemText('RSA PRIVATE KEY', encodePkcs1(secret.numbers));
	const point = key.publicKey.kind === 'ec' ? key.publicKey.point : undefined;
	return pemText('EC PRIVATE KEY', encodeSec1(secret.curve, secret.scalar, point));
}

/** DER of PKCS#1. */
export function encodePkcs1(numbers: RsaNumbers): Uint8Array {
	const { modulus, publicExponent, privateExponent, prime1, prime2, exponent1, exponent2, coefficient } = numbers;
	const all = [modulus, publicExponent, privateExponent, prime1, prime2, exponent1, exponent2, coefficient];
	return derElement(DerTag.SEQUENCE, derInteger(Uint8Array.of(0)), ...all.map(derInteger));
}

/** DER of SEC1, with the curve's name and, if it is given, the public point (X || Y). */
export function encodeSec1(curve: Curve, scalar: Uint8Array, point: Uint8Array | undefined): Uint8Array {
	const parts = [
		derInteger(Uint8Array.of(1)),
		derElement(DerTag.OCTET_STRING, scalar),
		derElement(DerTag.CONTEXT_0, derObject(curve.oid)),
	];
	if (point !== undefined) {
		const bits = derElement(DerTag.BIT_STRING, Uint8Array.of(0, 4), point);
		parts.push(derElement(DerTag.CONTEXT_1, bits));
	}
	return derElement(DerTag.SEQUENCE, ...parts);
}

function readPkcs1(der: Uint8Array): RsaNumbers {
	const fields = new DerReader(der).enter(DerTag.SEQUENCE);
	if (fields.integer().length !== 0) throw new KeyError('the RSA key has more than two primes; make an ordinary one');
	return {
		modulus: fields.integer(),
		publicExponent: fields.integer(),
		privateExponent: fields.integer(),
		prime1: fields.integer(),
		prime2: fields.integer(),
		exponent1: fields.integer(),
		exponent2: fields.integer(),
		coefficient: fields.integer(),
	};
}

function readSec1(der: Uint8Array, outer: Curve | undefined): PrivateNumbers {
	const fields = new DerReader(der).enter(DerTag.SEQUENCE);
	fields.integer();
	const secret = fields.read(DerTag.OCTET_STRING);
	const named = fields.nextTag === DerTag.CONTEXT_0 ? readCurve(fields.enter(DerTag.CONTEXT_0)) : outer;
	if (named === undefined) throw new KeyError('the key file does not say on which curve the key is; make a new key');
	const width = scalarBytes(named);
	let excess = secret.length - width;
	for (let i = 0; i < excess; i += 1) if (secret[i] !== 0) throw new KeyError(`the key is too long for ${named.name}`);
	excess = Math.max(excess, 0);
	const scalar = new Uint8Array(width);
	scalar.set(secret.subarray(excess), width - (secret.length - excess));
	return { kind: 'ec', curve: named, scalar };
}

function readPkcs8(der: Uint8Array): PrivateNumbers {
	const fields = new DerReader(der).enter(DerTag.SEQUENCE);
	fields.integer();
	const algorithm = fields.enter(DerTag.SEQUENCE);
	const oid = algorithm.object();
	if (oid === RSA_OID) return checkedRsa(readPkcs1(fields.read(DerTag.OCTET_STRING)));
	if (oid === EC_OID) return readSec1(fields.read(DerTag.OCTET_STRING), readCurve(algorithm));
	throw new KeyError('the key is neither RSA nor on a named curve; UFTP 4 knows no others');
}

function readCurve(reader: DerReader): Curve {
	const named = reader.nextTag === DerTag.OBJECT ? curveByOid(reader.object()) : undefined;
	if (named === undefined) {
		throw new KeyError('the key is on a curve that UFTP 4 does not know; make one on secp256r1');
	}
	return named;
}

/** What a mixed-up file would break silently: the parts of the key have to belong together. */
function checkedRsa(numbers: RsaNumbers): PrivateNumbers {
	const [n, e, d, p, q, d1, d2, c] = [
		numbers.modulus,
		numbers.publicExponent,
		numbers.privateExponent,
		numbers.prime1,
		numbers.prime2,
		numbers.exponent1,
		numbers.exponent2,
		numbers.coefficient,
	].map((bytes) => BigInt(`0x0${bytes.toHex()}`));
	const isWhole =
		p > 1n &&
		q > 1n &&
		p * q === n &&
		(e * d) % (p - 1n) === 1n &&
		(e * d) % (q - 1n) === 1n &&
		d % (p - 1n) === d1 &&
		d % (q - 1n) === d2 &&
		(c * q) % p === 1n;
	if (!isWhole)
		throw new KeyError('the parts of the RSA key do not belong together: the file is damaged; make a new one');
	return { kind: 'rsa', numbers };
}

function decodeBase64(body: string): Uint8Array {
	try {
		return Uint8Array.fromBase64(body.replace(/\s+/g, ''));
	} catch {
		throw new KeyError('the key file is damaged: its text is not base64; make a new one');
	}
}

function pemText(label: string, der: Uint8Array): string {
	const text = concatBytes(der).toBase64();
	const lines: string[] = [];
	for (let at = 0; at < text.length; at += LINE_CHARACTERS) lines.push(text.slice(at, at + LINE_CHARACTERS));
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
