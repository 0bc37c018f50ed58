#!/bin/sh
# Builds the image and runs it as production would: no root, no capabilities, nothing writable.
# Uses docker or podman. Where no registry can be reached and this is root on a Debian-like
# system, a stand-in for the base image is made of Debian packages and the Python of .venv.
set -eu
cd "$(dirname "$0")/../.."
tag=localhost/sidecar:image-test
lab=${IMAGE_LAB:-/var/tmp/sidecar-image-lab}
name=sidecar-image-test-$$
python=.venv/bin/python
version=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
base=docker.io/library/python:$version-slim

skip() {
    echo "**** image-test SKIPPED, nothing was shown: $1" >&2
    exit "${IMAGE_TEST_SKIPPED:-0}"
}

# ------------------------------------------------------------------ an engine
engine() { "$@" info >/dev/null 2>&1; }

settle_podman() {
    # Containers inside a container: cgroups by file, limits no higher than our own.
    mkdir -p "$lab"
    cat >"$lab/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
$(command -v runc >/dev/null && echo 'runtime = "runc"')
CONF
    export CONTAINERS_CONF="$lab/containers.conf"
    store="--root $lab/store --runroot $lab/run"
}

store=
build=
if command -v docker >/dev/null && engine docker; then
    engine=docker
elif command -v podman >/dev/null; then
    engine=podman
    [ "$(id -u)" != 0 ] || settle_podman
    [ "$(id -u)" != 0 ] || build="--isolation chroot"
else
    skip "neither docker nor podman runs here (Debian: apt-get install podman runc conmon mmdebstrap)"
fi
box() { command=$1; shift; $engine $store "$command" "$@"; }

# ------------------------------------------------------------------ a base image
standin() {
    echo "No registry in reach: making a stand-in for $base"
    tree=$lab/python/usr/local
    rm -rf "$lab/python"
    mkdir -p "$tree"
    home=$($python -c 'import sys; print(sys.base_prefix)')
    [ "$home" != /usr ] || skip "the stand-in needs a Python of its own prefix, not Debian's"
    (cd "$home" && tar -c --exclude=__pycache__ --exclude=test --exclude='*.a' --exclude=site-packages \
        "bin/python$version" bin/python3 "lib/python$version" $(ls lib/libpython$version* 2>/dev/null)) |
        tar -x -C "$tree"
    mkdir -p "$tree/lib/python$version/site-packages"
    cp -a "$home/lib/python$version/site-packages/pip" "$tree/lib/python$version/site-packages/"
    ln -sf "python$version" "$tree/bin/python3"
    ln -sf "python$version" "$tree/bin/python"
    tar -C "$lab/python" --owner=0 --group=0 -cf "$lab/python.tar" .
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
        >"$lab/sources" 2>/dev/null || true
    mmdebstrap --quiet --variant=minbase \
        --include=ca-certificates,netbase,tzdata,libssl3,libsqlite3-0,libffi8,zlib1g,libbz2-1.0,liblzma5,libreadline8,libexpat1,libuuid1 \
        --customize-hook="tar-in $lab/python.tar /" --customize-hook='chroot "$1" ldconfig' \
        "$suite" "$lab/base.tar" - <"$lab/sources"
    box import -q -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'ENV LANG=C.UTF-8' "$lab/base.tar" "$base"
}

if ! box image inspect "$base" >/dev/null 2>&1 && ! timeout 120 $engine $store pull -q "$base"; then
    command -v mmdebstrap >/dev/null || skip "$base cannot be pulled and mmdebstrap is not installed"
    standin
fi

# ------------------------------------------------------------------ build
# What pip needs on this machine (certificates, settings, a folder of wheels) is mounted, so that
# nothing of it lands in the image. Docker has no such mounts; it uses its own network settings.
mkdir -p "$lab"
mounts=
if [ "$engine" = podman ]; then
    $python -m pip config list |
        sed -n "s/^\(global\|:env:\)\.\(.*\)='\(.*\)'$/\2 = \3/p" |
        awk -F' = ' '!seen[$1]++' | { echo '[global]'; cat; } >"$lab/pip.conf"
    mounts="-v $lab/pip.conf:/etc/pip.conf:ro"
    for path in $(sed -n 's/^[a-z-]* = \(\/.*\)$/\1/p' "$lab/pip.conf"); do
        [ ! -e "$path" ] || mounts="$mounts -v $path:$path:ro"
    done
    build="$build --format docker --pull=never --network host"
fi
box build $build $mounts --build-arg "PYTHON=$version" -t "$tag" .

# ------------------------------------------------------------------ run
run() {
    box run --rm --no-healthcheck --read-only --cap-drop ALL --security-opt no-new-privileges \
        --user 65532:65532 --memory 192m --pids-limit 128 --network none "$@"
}
stop() { box rm -f "$name" >/dev/null 2>&1 || true; rm -rf "$work"; }
work=$(mktemp -d)
trap stop EXIT INT TERM

echo "- the command starts:"
run "$tag" --help >/dev/null
echo "- nobody, and nothing to write to:"
run --entrypoint python3 "$tag" -I -c '
import os, pathlib
assert os.getuid() == 65532, os.getuid()
assert "CapEff:\t0000000000000000" in pathlib.Path("/proc/self/status").read_text()
try:
    pathlib.Path("/opt/sidecar/x").write_text("x")
except OSError as error:
    print("  ", error.strerror)
else:
    raise SystemExit("the root file system can be written")'

echo "- it serves from mounted configuration, keys and data:"
mkdir "$work/etc" "$work/keys" "$work/data"
cp tests/tools/image.yaml "$work/etc/sidecar.yaml"
run "$tag" keys generate --bare >"$work/keys/k1"
chmod 755 "$work" "$work/etc" "$work/keys"
chmod 644 "$work/etc/sidecar.yaml" "$work/keys/k1"
chmod 777 "$work/data"
places="-v $work/etc:/etc/sidecar:ro -v $work/keys:/run/secrets:ro -v $work/data:/data"
run $places "$tag" migrate up --create --config /etc/sidecar/sidecar.yaml
run -d --name "$name" $places "$tag" >/dev/null
probe() {
    box exec "$name" python3 -I -S -c "
import socket
s = socket.create_connection(('127.0.0.1', 8005), 2)
s.sendall(b'GET $1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
print(s.recv(12).decode()[-3:])" 2>/dev/null
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(probe /health/live)" != 200 ] || break
    sleep 1
done
check=$(box image inspect -f '{{index .Config.Healthcheck.Test 5}}' "$tag")
box exec "$name" python3 -I -S -c "$check"
echo "   the image's own health check passes"
echo "   /health/live  $(probe /health/live)"
echo "   /health/ready $(probe /health/ready)"
[ "$(probe /health/ready)" = 200 ] || { box logs "$name" >&2; exit 1; }
box stop -t 10 "$name" >/dev/null
echo "image-test passed: $(box image inspect -f '{{.Size}}' "$tag" | awk '{printf "%d MB", $1 / 1e6}')"
