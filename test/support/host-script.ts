/**
 * Runs as the first process of a test host, with namespaces of its own (net, mount, uts, ipc, pid): gives
 * it /sys, /etc, /run, /tmp, /var/lib and home directories that nobody else sees, says `ready`, and lives
 * until its standard input closes, so that a test run that is killed leaves no host behind.
 *
 * Arguments: the host's directory on disk, its host name, the user's name, uid, gid and home.
 */
export const hostScript = `
set -e
dir=$1 name=$2 user=$3 uid=$4 gid=$5 home=$6
mkdir -p "$dir/etc" "$dir/cgroup" "$dir/lib" "$dir/root" "$dir/tmp" "$dir/home"

# A sysfs mounted here shows this network namespace.
mount --rbind /sys/fs/cgroup "$dir/cgroup"
mount -t sysfs sysfs /sys
mount --move "$dir/cgroup" /sys/fs/cgroup

mount -t tmpfs -o mode=755 tmpfs "$dir/etc"
# A file may go while it is copied.
cp -a /etc/. "$dir/etc/" || test -s "$dir/etc/passwd"
rm -rf "$dir/etc/cni" "$dir/etc/resolv.conf"
echo 'nameserver 198.51.100.53' > "$dir/etc/resolv.conf"
echo "$name" > "$dir/etc/hostname"
printf '127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 %s\\n' "$name" > "$dir/etc/hosts"
mount --move "$dir/etc" /etc
hostname "$name"

# On disk, because a writable overlay layer needs a file system with extended attributes.
mount --bind "$dir/lib" /var/lib
mount --bind "$dir/root" /root
chmod 700 /root
chown "$uid:$gid" "$dir/home"
mount --bind "$dir/home" "$home"
chmod 1777 "$dir/tmp"
mount --bind "$dir/tmp" /tmp

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "/run/user/$uid" /run/lock
mount -t tmpfs -o "mode=700,uid=$uid,gid=$gid" tmpfs "/run/user/$uid"

mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts

ip link set lo up
echo ready
# This shell lives until its standard input closes.
read -r _ || true
`;
