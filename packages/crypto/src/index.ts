/**
 * The cryptography of UFTP 4.x: pure, on top of a `Backend`. Backends come from `@uftp/crypto/backends` (by self-test)
 * or, for simulations, from `@uftp/crypto/noble`.
 */
export {
	agreePremaster,
	decryptPremaster,
	encryptPremaster,
	newPremaster,
	type OpenedPremaster,
	RSA_PREMASTER_BYTES,
} from './agreement.ts';
export { equalBytes } from './constant-time.ts';
export { CryptographyError } from './cryptography-error.ts';
export { CURVES, type Curve, CurveId, coordinateBytes, curveById, curveByName } from './curves.ts';
export { describeRefusal, Opener, OpenRefusal, openedAt, Sealer, unwrapOpened } from './envelope.ts';
export { composeKeyInfo, type KeyRecipient, unwrapGroupMaster } from './key-info.ts';
export {
	GROUP_MASTER_VERSION,
	groupKeys,
	KeyBlock,
	MASTER_BYTES,
	masterSecret,
	newGroupMaster,
	SALT_BYTES,
	sessionKeys,
} from './key-schedule.ts';
export { fingerprint, formatFingerprint, parseFingerprint, sameFingerprint } from './keys/fingerprint.ts';
export {
	describeKey,
	EcPrivateKey,
	type EcPublicKey,
	generateEcKey,
	generateRsaKey,
	importKeyBlob,
	importPrivateNumbers,
	isCompatible,
	keyBlobRefusal,
	type PrivateKey,
	type PrivateNumbers,
	type PublicKey,
	RsaPrivateKey,
	type RsaPublicKey,
} from './keys/key.ts';
export {
	decodeKeyBlob,
	ecBlobBytes,
	encodeEcBlob,
	encodeRsaBlob,
	MAX_RSA_BITS,
	MIN_RSA_BITS,
} from './keys/key-blob.ts';
export { KeyError } from './keys/key-error.ts';
export { readPem, writePem } from './keys/pem.ts';
export { NonceCounter, writeIv } from './nonce.ts';
export type {
	Backend,
	BackendName,
	Digester,
	EcPrivateOperation,
	EcPublicOperation,
	PacketCipher,
	RandomBytes,
	RsaNumbers,
	RsaOperation,
} from './ports.ts';
export { prf } from './prf.ts';
export {
	keySigner,
	keyVerifier,
	MAX_SIGNATURE_BYTES,
	type Signer,
	signatureBytes,
	signField,
	signingRefusal,
	type Verifier,
	verifyField,
} from './signature.ts';
export {
	CIPHERS,
	type CipherTraits,
	CipherType,
	chooseSuite,
	cipherByName,
	describeSuite,
	HASHES,
	HashType,
	hashByName,
	KEY_EXCHANGE_NAMES,
	KeyExchange,
	keyExchangeByName,
	SignatureType,
	type Suite,
	type SuiteNumbers,
	type SuiteResult,
	signatureTypeFor,
} from './suites.ts';
export { clientKeyContent, Handshake, sameVerifyData, verifyData } from './verify.ts';
