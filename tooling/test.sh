#!/bin/sh
# All tests in one run, with one total as the last line. Arguments go to vitest: files, `-t name`, ...

cd "${0%/*}/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
export PATH

if [ "${UFTP_TEST_WITHOUT_PEERS:-}" = 1 ]; then
	echo 'UFTP_TEST_WITHOUT_PEERS=1: the tests against the original programs are left out.'
else
	# Where this fails, the tests that need a peer fail too and repeat the sentence.
	sh tooling/peers.sh
fi

# Who names a file for the total prints it; otherwise it is printed here, whatever became of the run.
own=
if [ -z "${UFTP_TEST_TOTAL_FILE:-}" ]; then
	own=$(mktemp) || exit 1
	export UFTP_TEST_TOTAL_FILE="$own"
fi

bin/bun --bun node_modules/vitest/vitest.mjs run --pool=threads "$@"
status=$?

if [ ! -s "$UFTP_TEST_TOTAL_FILE" ]; then
	echo 'The test run ended before it had a result.' >&2
	if command -v node >/dev/null 2>&1; then
		echo "If a module is missing above: npm leaves out packages that want a newer Node than $(node -v); use Node 20.19 or later, or run 'bin/bun install' once." >&2
	fi
	echo '0 passed, 1 failed' >"$UFTP_TEST_TOTAL_FILE"
	[ "$status" -ne 0 ] || status=1
fi
if [ -n "$own" ]; then
	cat "$own"
	rm -f "$own"
fi
exit "$status"
