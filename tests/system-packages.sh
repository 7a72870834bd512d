#!/bin/sh
# Debian packages that the tests drive: real browsers, PostgreSQL, Redis. Installed here when root, else named.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v firefox-esr >/dev/null || missing="$missing firefox-esr"
command -v redis-server >/dev/null || missing="$missing redis-server"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"

# Pages in the whole window cost less in it. Where it cannot be had, Chromium shows them.
wanted=""
command -v chromium-headless-shell >/dev/null || wanted="chromium-headless-shell"

[ -n "$missing$wanted" ] || exit 0
[ -n "$missing" ] || [ "$(id -u)" -eq 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "The tests need these packages; please install them:$missing" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing for the tests:$missing $wanted"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || [ -z "$missing" ]
# shellcheck disable=SC2086  # a list of words
[ -z "$missing" ] || apt-get install -y -qq --no-install-recommends $missing >/dev/null
[ -z "$wanted" ] || apt-get install -y -qq --no-install-recommends "$wanted" >/dev/null || echo "Without $wanted."
