/** Test vectors from standards, and from Project Wycheproof where the standards have none of our form. */

export interface CipherVector {
	readonly source: string;
	/** `CipherType`. */
	readonly cipher: number;
	readonly key: string;
	readonly iv: string;
	readonly aad: string;
	readonly plain: string;
	/** With the tag behind. */
	readonly sealed: string;
}

const SP800_38A_PLAIN =
	'6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
	'30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710';
const GCM_PLAIN =
	'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
	'1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';

export const CIPHER_VECTORS: readonly CipherVector[] = [
	{
		source: 'SP 800-67, TECB example, first block',
		cipher: 2,
		key: '0123456789abcdef23456789abcdef01456789abcdef0123',
		iv: '0000000000000000',
		aad: '',
		plain: '5468652071756663',
		sealed: 'a826fd8ce53b855f',
	},
	{
		source: 'SP 800-38A, F.2.1',
		cipher: 3,
		key: '2b7e151628aed2a6abf7158809cf4f3c',
		iv: '000102030405060708090a0b0c0d0e0f',
		aad: '',
		plain: SP800_38A_PLAIN,
		sealed:
			'7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2' +
			'73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
	},
	{
		source: 'SP 800-38A, F.2.5',
		cipher: 4,
		key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
		iv: '000102030405060708090a0b0c0d0e0f',
		aad: '',
		plain: SP800_38A_PLAIN,
		sealed:
			'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d' +
			'39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
	},
	{
		source: 'GCM specification, test case 4',
		cipher: 5,
		key: 'feffe9928665731c6d6a8f9467308308',
		iv: 'cafebabefacedbaddecaf888',
		aad: GCM_AAD,
		plain: GCM_PLAIN,
		sealed:
			'42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
			'21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
	},
	{
		source: 'GCM specification, test case 16',
		cipher: 6,
		key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
		iv: 'cafebabefacedbaddecaf888',
		aad: GCM_AAD,
		plain: GCM_PLAIN,
		sealed:
			'522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
			'8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
	},
	...[
		[
			...['12', '9415f925bcb41dc25e86c826dbc8bf68', 'bdffaa763b916ff0ee3f3ce4', '705d676cd8a94451'],
			...['feb36167eafc02c8e2bd6e13817686ba', '08db327a88be7b48f430fd7bfccdf502b7c249f810adacf99abded1f3b9130f2'],
		],
		[
			...['13', 'd97c9b043bdccfd59491a995e78f1696', 'ef423240358830df915506a3', '3ddba7b3ab69c8b2'],
			...['f047594a5cffda64303a80b2fa6a957169', 'e0caf2a9d50f70ecaa43b4a287c3b34a99cff4c61882b413b686ff35b63a3a73de'],
		],
		[
			...['28', '671a70e883fb0611dffd0b1dd9b8cca2', 'a51c37f467893c1608e56274', '3ea12d80f40f34f812479d2ecc13d2d6df'],
			...['3baf3edf04dc0c97aae081cdeb08021d', '5d5630fc728ffb08ce693f7299e6728b00023f11a023c0786c105fe4c003af6e'],
		],
		[
			...['29', '20bbf74c1e63982c472c4743569e4c84', '459fc7c004bf46323a02d846'],
			'4f2285ce3dafa528c694a5272d3b7b929097db398772653bd9bbbdb3b2c8e1',
			...['6db50992e8fbbee15d4979d3e322dacd', '8703e44697138c58532d97ee99231d94f14c2f39a4871a4a16c42f6fe878deef'],
		],
	].map(([id, key, iv, aad, plain, sealed]) => {
		return { source: `Wycheproof, aes_ccm_test, ${id}`, cipher: 7, key, iv, aad, plain, sealed };
	}),
];

/** RFC 2202 and RFC 4231, test case 2: HMAC of "what do ya want for nothing?" with the key "Jefe". */
export const HMAC_VECTORS = {
	md5: '750c783e6ab0b503eaa86e310a5db738',
	2: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
	3: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
	4: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
	5:
		'164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
		'9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
} as const;

/** FIPS 180-4 examples: hashes of "abc". */
export const HASH_VECTORS = {
	2: 'a9993e364706816aba3e25717850c26c9cd0d89d',
	3: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
	4: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
	5:
		'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
		'2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const;

export interface AgreementVector {
	readonly source: string;
	readonly curve: string;
	readonly scalar: string;
	/** X || Y. */
	readonly point: string;
	readonly x: string;
}

const EDGE_SCALAR_521 =
	'00a2b6442a37f8a3759d2cb91df5eca75af6b89e27baf2f6cbf971dee5058ffa9d8dac805c7bc72f3718489d6a9cb2787af8' +
	'c93a17ddeb1a19211ab23604d47b7646';

export const AGREEMENT_VECTORS: readonly AgreementVector[] = [
	{
		source: 'NIST CAVP, ECC CDH, P-256, 0',
		curve: 'secp256r1',
		scalar: '7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534',
		point:
			'700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287' +
			'db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac',
		x: '46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b',
	},
	{
		source: 'Wycheproof, ecdh_secp521r1_ecpoint_test, 1',
		curve: 'secp521r1',
		scalar:
			'01939982b529596ce77a94bc6efd03e92c21a849eb4f87b8f619d506efc9bb22e7c61640c90d598f795b64566dc6df43992a' +
			'e34a1341d458574440a7371f611c7dcd',
		point:
			'0064da3e94733db536a74a0d8a5cb2265a31c54a1da6529a198377fbd38575d9d79769ca2bdf2d4c972642926d444891a652' +
			'e7f492337251adf1613cf3077999b5ce' +
			'00e04ad19cf9fd4722b0c824c069f70c3c0e7ebc5288940dfa92422152ae4a4f79183ced375afb54db1409ddf338b85bb6db' +
			'fc5950163346bb63a90a70c5aba098f7',
		x:
			'01f1e410f2c6262bce6879a3f46dfb7dd11d30eeee9ab49852102e1892201dd10f27266c2cf7cbccc7f6885099043dad80ff' +
			'57f0df96acf283fb090de53df95f7d87',
	},
	{
		source: 'Wycheproof, ecdh_secp521r1_ecpoint_test, 9: an X with leading zeros',
		curve: 'secp521r1',
		scalar: EDGE_SCALAR_521,
		point:
			'01e8d76b329d0a2efc1e40f06e527c00ee40aaaee4609fae43c0f2bb66bcf6a5c68c1e7385da8d02f306edae69cc199e670e' +
			'4eaa6215e6d5a2a8ee7a4f4664751880' +
			'00575a6e4d324169cbb35c5850441acd911224f67733f311d511fc26e3e205afe5b9ea92ccf50176af08225310bf8b78a18d' +
			'26c86a887eab9acc4d2b88176e9d4e6a',
		x: `${'00'.repeat(63)}010000`,
	},
	{
		source: 'Wycheproof, ecdh_sect283k1_test, 1',
		curve: 'sect283k1',
		scalar: '013826bf5645617bfbbb162685d0f52f70fcd35e660cb19e70de811999ef28c97a9d4934',
		point:
			'01eef8bea17e53e591beac95c110187f6d7c27a40d202ac73064b4ca054aa1f51608ddd5' +
			'042e4525c94f62a1ddae8097c365fc8c9fbeca85feea1c2713f015bd5f584a89b9e13720',
		x: '05ca68e2b421013f6083d598df151560a45d4ec2ea3fc69ed5383653ea2397a5a627f586',
	},
	{
		source: 'Wycheproof, ecdh_sect283k1_test, 7',
		curve: 'sect283k1',
		scalar: '010000000000000000000000000000000000000000000000000000000000000000000000',
		point:
			'07ac7b0dd4ff55364660e60d668334d0197f46503b68594a93b9b296cab02243e1c8e48c' +
			'0134fa4fb82a61e885f0ffded9b42e7982f1cf47a9547f9501099761ef135f219fd00812',
		x: '00d053110636d897435dc3130d0779a28c2bc3e4afeb890e9d1329fb484cd927902c0da6',
	},
];

export interface EcdsaVector {
	readonly curve: string;
	readonly scalar: string;
	/** `HashType`. */
	readonly hash: number;
	readonly r: string;
	readonly s: string;
}

const P256_SCALAR = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721';

/** RFC 6979, A.2.5 to A.2.7: deterministic signatures of "sample". */
export const ECDSA_VECTORS: readonly EcdsaVector[] = [
	{
		curve: 'secp256r1',
		scalar: P256_SCALAR,
		hash: 2,
		r: '61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32',
		s: '6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb',
	},
	{
		curve: 'secp256r1',
		scalar: P256_SCALAR,
		hash: 3,
		r: 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
		s: 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
	},
	{
		curve: 'secp256r1',
		scalar: P256_SCALAR,
		hash: 4,
		r: '0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719',
		s: '4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954',
	},
	{
		curve: 'secp256r1',
		scalar: P256_SCALAR,
		hash: 5,
		r: '8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00',
		s: '2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe',
	},
	{
		curve: 'secp384r1',
		scalar: '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
		hash: 4,
		r: '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
		s: '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
	},
	{
		curve: 'secp521r1',
		scalar:
			'00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466' +
			'f6d8fbec67db89ec0c08b0e996b83538',
		hash: 5,
		r:
			'00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931' +
			'd7d4e8455cc91f9b15bf05ec36e377fa',
		s:
			'00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a' +
			'20f8ccb1dccc43997f1ee0e44da4a67a',
	},
];

/** Wycheproof, ecdh_sect283k1_test, 18 to 20: points of low order, X || Y. They are on the curve, not in the group. */
export const LOW_ORDER_POINTS: readonly string[] = ['00:01', '01:01', '01:00'].map((ends) => {
	return ends
		.split(':')
		.map((end) => end.padStart(72, '0'))
		.join('');
});
