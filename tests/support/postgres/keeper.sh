# Keeps one cluster: makes its directory and says where that is, then does what it reads, a command a
# line, and says how each went. The end of its input is the end of the cluster, however the process at
# the other end has ended. As it does one thing after the other, nothing is still starting by then.
# Arguments: where the server's programs are, then lines for the configuration.

# Its answer may find nobody, and a signal to all of a terminal or a job is not for it.
trap '' PIPE HUP INT TERM
umask 077
programs=$1
shift
directory=$(mktemp -d "${TMPDIR:-/tmp}/webhooks-pg-XXXXXXXX" 2> /dev/null ||
    mktemp -d /tmp/webhooks-pg-XXXXXXXX) || exit
cd "$directory" || exit
exec 2>> log
echo "$directory"

initialise() {
    "$programs/initdb" -D data -U postgres --auth=trust -E UTF8 --locale=C --no-sync &&
        printf '%s\n' "$@" >> data/postgresql.conf
}

start() {
    "$programs/pg_ctl" start -D data -l log -w -t 60 -o "-p $1"
}

stop() {
    ! test -e data/postmaster.pid || "$programs/pg_ctl" stop -D data -m immediate -w -t 30
}

while read -r command port; do
    case $command in
    initialise) initialise "$@" ;;
    start) start "$port" ;;
    stop) stop ;;
    *) false ;;
    esac >&2
    echo $?
done

stop >&2
cd / && rm -rf "$directory"
