# Starts a command of `lockwright run` on one line from the wrapper, and reaps it: two shells.
#
# Descriptor 3 is the socket that makes the wrapper count as alive, 4 a socket to the wrapper. The inner shell leads a session
# and group of its own. It says its process id on 4 and what its environment has become, waits for "<token> <expires>", and
# becomes the command by exec; no line, no command. The outer shell is its parent and ends as it ended: if the wrapper is
# killed, init may leave a zombie lying for seconds, and while a group has a zombie only a look at every process of the
# machine tells the guardian that it is gone.
#
# Usage: sh run-stub.sh <command> [args…]. Needs sh, setsid and env.

# The outer shell has nothing to say, not even of a signal that ended the command.
exec 5>&2 2>/dev/null
# shellcheck disable=SC2016
setsid /bin/sh -c '
  echo $$ >&4
  env -0 >&4
  echo >&4
  read -r LOCKWRIGHT_TOKEN LOCKWRIGHT_EXPIRES <&4 || exit 0
  export LOCKWRIGHT_TOKEN LOCKWRIGHT_EXPIRES
  exec "$@" 2>&5 4<&- 5>&-
' sh "$@"
status=$?
exit "$status"
