#!/bin/sh
# Brings the programs that the tests talk to: the original UFTP, a NATS server, and what private networks are made of.
# Run it as often as you like: it installs what is missing, starts nothing and leaves nothing running. Where it cannot
# install, it says in one sentence what is missing and ends with 1; the tests then fail with that sentence.

PATH=$PATH:/usr/sbin:/sbin

# Prints the Debian packages whose programs are missing.
missing_packages() {
	for need in uftp:uftp uftpd:uftp uftpproxyd:uftp uftp_keymgt:uftp nats-server:nats-server ip:iproute2 nft:nftables \
		nsenter:util-linux; do
		command -v "${need%%:*}" >/dev/null 2>&1 && continue
		case " $missing " in
		*" ${need##*:} "*) ;;
		*) missing="${missing:+$missing }${need##*:}" ;;
		esac
	done
}

give_up() {
	echo "peers: $missing missing; $1. As root on Debian 12: apt-get update && apt-get install $missing. To run the tests without them: UFTP_TEST_WITHOUT_PEERS=1 npm test" >&2
	exit 1
}

missing=
missing_packages
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || give_up 'there is no apt-get on this machine to install them with'

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up 'installing them takes root, and there is no sudo'
	# Ask for a password only where somebody is there to type one.
	if sudo -n true 2>/dev/null; then
		exec sudo -n sh "$0"
	elif [ -t 0 ]; then
		exec sudo sh "$0"
	fi
	give_up 'installing them takes root, and sudo wants a password'
fi

# Debian starts a service as soon as its package is installed; this policy forbids it for as long as we install.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || give_up "$policy cannot be written"
fi

wanted=$missing
install_wanted() {
	# shellcheck disable=SC2086 # one word per package
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $wanted </dev/null
}

echo "peers: installing $wanted"
if ! log=$(install_wanted 2>&1); then
	if ! log=$(apt-get -q update </dev/null 2>&1 && install_wanted 2>&1); then
		printf '%s\n' "$log" | tail -n 15 >&2
		give_up 'apt-get could not install them (above)'
	fi
fi

# Nor shall they come up at the next boot of a machine that had no use for them until now.
for service in $wanted; do
	case $service in
	uftp | nats-server)
		[ -e "/etc/init.d/$service" ] && update-rc.d "$service" disable >/dev/null 2>&1
		if command -v systemctl >/dev/null 2>&1; then
			systemctl disable "$service" >/dev/null 2>&1
		else
			rm -f "/etc/systemd/system/multi-user.target.wants/$service.service"
		fi
		;;
	esac
done

missing=
missing_packages
[ -z "$missing" ] || give_up 'the packages are installed, but their programs cannot be found'
echo "peers: installed $wanted; their services are switched off"
