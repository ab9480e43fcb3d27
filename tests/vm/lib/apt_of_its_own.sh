# shellcheck shell=bash
# Sourced by fetch_kernel and fetch_qemu: packages of other Debian suites, downloaded and unpacked, never installed. Uses an apt state of its own,
# so that this machine's is left alone; mirrors are those of this machine's sources, with other suite names.

mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) bookworm .*/\2/p' \
  /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | grep -v security | head -n 1 || true)
[[ $mirror ]] || { echo "${0##*/}: no Debian mirror in /etc/apt/sources.list*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,deb,tree}
: >"$work/status"
apt_options=(-q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists"
  -o Dir::State::status="$work/status" -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::Retries=3)

# use_suite SUITE: what the functions below look in.
use_suite() {
  echo "deb $mirror $1 main" >"$work/sources.list"
  rm -f "$work"/*.bin
  apt-get "${apt_options[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}

# unpack PACKAGE...: into $work/tree.
unpack() {
  local deb
  (cd "$work/deb" && apt-get "${apt_options[@]}" download "$@" >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 1; }
  for deb in "$work"/deb/*.deb; do dpkg-deb -x "$deb" "$work/tree"; done
}
