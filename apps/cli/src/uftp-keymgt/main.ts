/** `uftp_keymgt`: shows private keys and makes new ones, with the lines and the exit codes of UFTP 4.10.2. */
import fs from 'node:fs';
import { formatFingerprint, KeyError, type PublicKey } from '@uftp/crypto';
import { loadKeyFile, storeNewKeyFile } from '@uftp/endpoint/identity';
import { EndpointError } from '@uftp/endpoint/problems';
import { systemPath } from '@uftp/storage/paths';
import { ExitCode } from '../drop-in/command-error.ts';
import { type Cryptography, openCryptography } from '../drop-in/cryptography.ts';
import { CURVE_HINT, curveText, type KeySpec, makeKey, parseKeySpec } from '../drop-in/keys.ts';

export const KEYMGT_USAGE = `uftp_keymgt [ key_file [ key_file ... ] ]
uftp_keymgt -g { rsa:key_length | ec:curve } key_file`;

type Tell = (text: string) => void;

interface Order {
	readonly spec: KeySpec | undefined;
	readonly isDelete: boolean;
	readonly files: readonly string[];
}

/**
 * Runs the command with the words behind its name; everything it says goes to `tell`. As with the C program a key that
 * is missing, or cannot be made, still means exit code 0, and an unknown letter is only told.
 */
export async function manageKeys(words: readonly string[], tell: Tell): Promise<number> {
	const order = read(words, tell);
	if (order === undefined) return ExitCode.Parameters;
	const { spec, isDelete, files } = order;
	if (spec === undefined && files.length === 0) return ExitCode.Done;
	if (isDelete) {
		tell('uftp_keymgt: -d is about key containers of Windows: nothing was deleted. Remove the file itself instead.');
		return ExitCode.Done;
	}
	const cryptography = await openCryptography();
	if (spec === undefined) for (const file of files) show(cryptography, file, tell);
	else make(cryptography, spec, files[0], tell);
	return ExitCode.Done;
}

/** Undefined after an error in the words, which has been told. */
function read(words: readonly string[], tell: Tell): Order | undefined {
	const { options, operands } = splitLeniently(words, tell);
	let spec: KeySpec | undefined;
	let isDelete = false;
	for (const { letter, value } of options) {
		if (letter === 'd') isDelete = true;
		if (letter !== 'g') continue;
		const parsed = parseKeySpec(value);
		if ('wrong' in parsed) {
			tell(REFUSALS[parsed.wrong](value));
			return undefined;
		}
		spec = parsed;
	}
	if ((spec !== undefined || isDelete) && operands.length === 0) {
		tell('No keyfile specified: name the file behind the options.');
		return undefined;
	}
	return { spec, isDelete, files: operands };
}

const REFUSALS: Readonly<Record<'size' | 'curve' | 'form', (value: string) => string>> = {
	size: (value) => `Invalid key size: rsa: takes 512 to 2048 bits (2048 is a good choice), not "${value.slice(4)}".`,
	curve: (value) => `Invalid curve "${value.slice(3)}": ${CURVE_HINT}.`,
	form: (value) => `Invalid key specification "${value}": -g takes rsa:BITS or ec:CURVE, such as ec:prime256v1.`,
};

/** As getopt splits, but what it does not know is told and skipped. */
function splitLeniently(words: readonly string[], tell: Tell) {
	const options: { letter: string; value: string }[] = [];
	const operands: string[] = [];
	for (let i = 0; i < words.length; i++) {
		const word = words[i];
		if (word === '--') {
			operands.push(...words.slice(i + 1));
			break;
		}
		if (!word.startsWith('-') || word === '-') {
			operands.push(word);
			continue;
		}
		for (let at = 1; at < word.length; at++) {
			const letter = word[at];
			if (letter !== 'g') {
				if ('dm'.includes(letter)) options.push({ letter, value: '' });
				else tell(`uftp_keymgt: invalid option -- '${letter}'`);
				continue;
			}
			const attached = word.slice(at + 1);
			if (attached === '' && i + 1 >= words.length) tell("uftp_keymgt: option requires an argument -- 'g'");
			else options.push({ letter, value: attached === '' ? words[++i] : attached });
			break;
		}
	}
	return { options, operands };
}

function show({ backend }: Cryptography, file: string, tell: Tell): void {
	try {
		tell(keyLine(file, loadKeyFile(backend, file).key.publicKey));
	} catch (error) {
		if (!(error instanceof EndpointError)) throw error;
		tell(error.code === 'key-file-missing' ? MISSING : error.message);
		tell(`${file}: no such key`);
	}
}

/** C's line for a file that is not there, or whose folder is not. */
const MISSING = 'failed to open key file: No such file or directory';

function make(cryptography: Cryptography, spec: KeySpec, file: string, tell: Tell): void {
	try {
		// Making a key takes a while; that it cannot be stored is known before.
		if (fs.existsSync(systemPath(file))) throw new EndpointError('key-file-exists', { path: file });
		const key = makeKey(cryptography, spec);
		storeNewKeyFile(file, key);
		tell(keyLine(file, key.publicKey));
	} catch (error) {
		if (!(error instanceof EndpointError) && !(error instanceof KeyError)) throw error;
		if (error instanceof KeyError || error.code === 'key-file-unusable') tell(error.message);
		else tell(error.code === 'key-file-exists' ? "Private key file already exists, won't overwrite" : MISSING);
		tell('Error generating/storing key');
	}
}

/** "key.pem: RSA, 1024 bits, fingerprint: ..". */
function keyLine(file: string, key: PublicKey): string {
	const print = formatFingerprint(key.fingerprint);
	return key.kind === 'rsa'
		? `${file}: RSA, ${8 * key.modulus.length} bits, fingerprint: ${print}`
		: `${file}: ECDSA, curve ${curveText(key.curve)}, fingerprint: ${print}`;
}
