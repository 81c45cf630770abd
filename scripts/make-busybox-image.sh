#!/usr/bin/env bash
# Makes a small real image from Debian's busybox-static, as an archive that "load" takes (docker-archive).
# Usage: make-busybox-image.sh ARCHIVE [NAME:TAG]
set -euo pipefail
archive=$1
name=${2:-busybox:latest}
busybox=$(command -v busybox)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,etc,home,proc,root,sys,tmp,usr/bin,usr/sbin,var/spool/mail,var/www}
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln "$root/bin/busybox" "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n' > "$root/etc/group"
printf 'Berth default image\n' > "$root/etc/issue"

mkdir "$work/image"
tar --sort=name --mtime=@1700000000 --numeric-owner --owner=0 --group=0 -C "$root" -cf "$work/image/layer.tar" .
layer=$(sha256sum < "$work/image/layer.tar" | cut -d' ' -f1)
architecture=$(dpkg --print-architecture 2> /dev/null || echo amd64)
cat > "$work/image/config" <<JSON
{"architecture":"$architecture","os":"linux","created":"2023-11-14T22:13:20Z","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created":"2023-11-14T22:13:20Z","created_by":"busybox-static of Debian"}]}
JSON
config=$(sha256sum < "$work/image/config" | cut -d' ' -f1)
mv "$work/image/config" "$work/image/$config.json"
printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$config" "$name" > "$work/image/manifest.json"
tar -C "$work/image" --sort=name --mtime=@1700000000 --numeric-owner --owner=0 --group=0 -cf "$archive" manifest.json "$config.json" layer.tar
