#!/bin/sh
# fetch.sh [DEST]: puts the embedded ClickHouse engine at DEST/libchdb.so (default: bin/ at the root of the repository).
#
# npm does the download because that is where the prebuilt library is published: the four platform packages are pinned in package.json, and
# package-lock.json holds their checksums and their os and cpu, so that only this machine's own package (about 180 MB) travels. Nothing of npm
# stays behind. DEST/libchdb.so.sha256 remembers package, version and checksum, so a second run downloads nothing; a library that was touched since
# is checked again and, when it differs, fetched anew.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
dest=${1:-"$here/../../bin"}

say() { printf 'chdb: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
checksum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)  platform=linux-x64-gnu ;;
  Linux-aarch64) platform=linux-arm64-gnu ;;
  Darwin-arm64)  platform=darwin-arm64 ;;
  Darwin-x86_64) platform=darwin-x64 ;;
  *) die "there is no embedded ClickHouse engine for $(uname -s) $(uname -m): use a ClickHouse server instead" ;;
esac
package="@chdb/lib-$platform"
version=$(sed -n "s|.*\"$package\": \"\([^\"]*\)\".*|\1|p" "$here/package.json" | head -n 1)
[ -n "$version" ] || die "package.json does not pin $package"

mkdir -p "$dest"
dest=$(CDPATH= cd -- "$dest" && pwd)
library=$dest/libchdb.so
stamp=$library.sha256
label="$package@$version"

if [ -f "$library" ] && [ -f "$stamp" ]; then
  read -r had sum size <"$stamp" || true
  if [ "$had" = "$label" ] && [ "$size" = "$(wc -c <"$library" | tr -d ' ')" ]; then
    # Reading 566 MB takes seconds: the checksum is taken again only when the library is younger than its stamp.
    [ -n "$(find "$library" -newer "$stamp")" ] || exit 0
    if [ "$sum" = "$(checksum "$library")" ]; then touch "$stamp"; exit 0; fi
  fi
fi

command -v npm >/dev/null 2>&1 || die "npm is needed to fetch $label: install it (Debian: apt-get install npm) and run this again, or put libchdb.so at $library yourself"

# The work happens beside the destination: the last step is then a rename within one file system, which nobody can see half done.
work=$(mktemp -d "$dest/.chdb.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp "$here/package.json" "$here/package-lock.json" "$work/"

say "fetching $label (about 180 MB, once)"
if ! grep -A 3 "node_modules/$package\"" "$here/package-lock.json" | grep -q '"integrity"'; then
  say "package-lock.json has no checksum for this platform: the registry's own is trusted"
fi
done=yes
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=http >npm.log 2>&1) || done=

# Packages of platforms are optional to npm: it is content when it could not get one, so what counts is the file.
found=
for name in libchdb.so libchdb.dylib; do
  if [ -n "$done" ] && [ -f "$work/node_modules/$package/$name" ]; then found=$work/node_modules/$package/$name; fi
done
if [ -z "$found" ]; then
  tail -n 20 "$work/npm.log" >&2
  die "npm could not get $label (its words are above): check the network and npm's registry and proxy settings and run this again, put libchdb.so at $library yourself, or use a ClickHouse server instead"
fi

sum=$(checksum "$found")
rm -f "$stamp"
mv -f "$found" "$library"
printf '%s %s %s\n' "$label" "$sum" "$(wc -c <"$library" | tr -d ' ')" >"$work/stamp"
mv -f "$work/stamp" "$stamp"
say "$library is ready"
