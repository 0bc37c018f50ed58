#!/bin/sh
# Installs the Debian packages that tests need and this machine lacks, or says how to.
# system.sh            the list below;  system.sh NAME…  these instead
set -eu
# The one list. chromium: journeys and screenshots; fonts-dejavu-core: letters in it;
# nginx: a real proxy in front of and behind the sidecar; postgresql: the store of many replicas,
# redis-server: their limits, sessions and bell;
# curl, jq: an example of the API; oathtool: an authenticator app that nobody here wrote.
[ $# -gt 0 ] || set -- chromium curl fonts-dejavu-core jq nginx-light oathtool postgresql redis-server

missing=
for name; do
    case $name in
        nginx-light) [ -x /usr/sbin/nginx ] || missing="$missing $name" ;;
        chromium | wrk | caddy) command -v "$name" >/dev/null || missing="$missing $name" ;;
        *) dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $name" ;;
    esac
done
[ -n "$missing" ] || exit 0

line="apt-get update && apt-get install -y --no-install-recommends$missing"
if [ "${SYSTEM:-yes}" != no ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    if sh -c "$line" >/tmp/sidecar-system.$$.log 2>&1; then
        rm -f /tmp/sidecar-system.$$.log
        exit 0
    fi
    tail -n 5 /tmp/sidecar-system.$$.log >&2
    rm -f /tmp/sidecar-system.$$.log
fi
cat >&2 <<TEXT

  **********************************************************************
  Missing system packages:$missing
  To have them, run as root:
      $line
  Going on without: everything that needs them is SKIPPED, not passed.
  **********************************************************************

TEXT
