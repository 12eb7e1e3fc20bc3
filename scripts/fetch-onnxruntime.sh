#!/usr/bin/env bash
# Takes libonnxruntime.so out of the PyPI wheel `onnxruntime`, pinned by version and sha256, into
# third_party/onnxruntime/. Does nothing when ORT_DYLIB_PATH is set or the library is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.32.0
target=third_party/onnxruntime
[ -n "${ORT_DYLIB_PATH:-}" ] && exit 0
[ -f "$target/libonnxruntime.so.$version" ] && [ -f "$target/LICENSE" ] && exit 0

case "$(uname -m)" in
  x86_64) platform=manylinux_2_28_x86_64; sha256=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d ;;
  *) echo "setup: no pinned ONNX Runtime for $(uname -m); set ORT_DYLIB_PATH to a libonnxruntime.so >= 1.17" >&2; exit 0 ;;
esac

if ! python3 -m pip --version >/dev/null 2>&1; then
  sudo=; [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "onnxruntime==$version --hash=sha256:$sha256" > "$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --platform "$platform" --python-version 3.11 --implementation cp --abi cp311 \
  --require-hashes -r "$work/requirements.txt" -d "$work"
mkdir -p "$target"
python3 - "$work" "$target" "$version" <<'PY'
import pathlib, sys, zipfile
work, target, version = sys.argv[1:]
wheel = next(pathlib.Path(work).glob("onnxruntime-*.whl"))
with zipfile.ZipFile(wheel) as archive:
    for member in (f"onnxruntime/capi/libonnxruntime.so.{version}", "onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"):
        out = pathlib.Path(target, pathlib.Path(member).name)
        part = out.with_name(out.name + ".tmp")
        part.write_bytes(archive.read(member))
        part.rename(out)
PY
ln -sf "libonnxruntime.so.$version" "$target/libonnxruntime.so"
