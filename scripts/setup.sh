#!/usr/bin/env bash
# Installs what the build needs on Debian 12 and is quick when everything is there already:
# OpenCV's packages and clang, the ONNX Runtime library, and the paths in .cargo/config.toml.
set -euo pipefail
cd "$(dirname "$0")/.."

opencv_modules=(core imgproc imgcodecs videoio calib3d features2d video flann)
packages=(clang)
for module in "${opencv_modules[@]}"; do packages+=("libopencv-$module-dev"); done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "setup: no apt-get here; install by hand: ${missing[*]}" >&2; exit 1; }
  sudo=; [ "$(id -u)" -eq 0 ] || sudo=sudo
  echo "setup: installing ${missing[*]}" >&2
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# OpenCV's headers and libraries; the multiarch triplet differs between processors.
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
links=$(printf 'opencv_%s,' "${opencv_modules[@]}")
config=$(cat <<TOML
# Written by scripts/setup.sh.
[env]
OPENCV_INCLUDE_PATHS = "/usr/include/opencv4,/usr/include/$triplet/opencv4"
OPENCV_LINK_PATHS = "/usr/lib/$triplet"
OPENCV_LINK_LIBS = "${links%,}"
TOML
)
mkdir -p .cargo
if [ ! -f .cargo/config.toml ] || [ "$(cat .cargo/config.toml)" != "$config" ]; then
  printf '%s\n' "$config" > .cargo/config.toml
fi

scripts/fetch-onnxruntime.sh
