#!/bin/sh
# Installs what `npm run bench` compares with, and Redis for its queue (Debian 12 or later; run as root). Peers that are missing are reported as absent.
set -eu
apt-get update
apt-get install -y --no-install-recommends gcc g++ pkg-config libc6-dev python3-simpy3 libns3-dev redis-server
