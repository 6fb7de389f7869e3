# Keeps one pooler: makes its directory and says where that is, then runs it until the end of the input,
# which is the end of the process at the other end, however that comes.
# Arguments: the program, then the lines of its configuration.

trap '' PIPE HUP INT TERM
umask 077
program=$1
shift
directory=$(mktemp -d "${TMPDIR:-/tmp}/webhooks-pooler-XXXXXXXX" 2> /dev/null ||
    mktemp -d /tmp/webhooks-pooler-XXXXXXXX) || exit
cd "$directory" || exit
exec 2>> log
printf '%s\n' "$@" > pgbouncer.ini
"$program" pgbouncer.ini < /dev/null >&2 &
echo "$directory"
while read -r _; do :; done
kill -KILL $! && wait $!
cd / && rm -rf "$directory"
