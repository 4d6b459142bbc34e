# The guardian of `lockwright run`: a shell of one megabyte that outlives its wrapper by a moment.
#
# Descriptor 0 is a pipe from the wrapper, descriptor 3 a copy of the socket that makes the wrapper count as alive.
# The kernel closes the pipe when the wrapper dies, however it dies. Then the command must die before the lock can go
# to anybody else: this kills it, waits until it is gone, and only then ends and closes its copy of the socket.
# Descriptors 4 and 5, if there are, write to and read from one file without a name.
# It is also the dead man's switch: each renewal says for how long the lease is safe; if no newer word comes in time
# (the wrapper is stopped, or cannot renew), the command is killed while the lease still is ours.
#
# Usage: sh guardian.sh <run id>. Lines from the wrapper:
#   spawning <kind>       the command is about to be started; kind: group (it will lead one) or single
#   child <pid>           it runs
#   until <seconds>       the lease is safe for that long
#   done                  the command has ended, or there will be none
# Complexity: one short-lived sleep per renewal. Needs sh, sleep, kill and grep.

run=$1
LC_ALL=C # for what `kill` says
state=idle
pid=
kind=group
switch=

# Signals meant for the wrapper's terminal or unit must not end the one who cleans up after it.
trap '' HUP INT QUIT TERM PIPE TSTP TTIN TTOU

strike() {
  if [ "$kind" = group ]; then kill -s KILL -- "-$pid" 2>/dev/null; else kill -s KILL "$pid" 2>/dev/null; fi
}

# Whether there is a process yet, be it a zombie. A refusal is not a "no": a command may have become another user.
exists() {
  if [ "$kind" = group ]; then kill -s 0 -- "-$pid"; else kill -s 0 "$pid"; fi 2>&4 && return 0
  # What the shell wrote to 4 is read from 5. Nothing to read: there is no such file, and nobody knows.
  why=
  while read -r line <&5; do why=$why$line; done
  case $why in *"No such process"*) return 1 ;; esac
} 2>/dev/null

# Whether a process is left; a zombie, which nobody may ever reap, is not one. Every millisecond here is one that the
# next in line waits. So first it only asks whether there is anybody: who was started by run-stub.sh is reaped there, and
# orphans are by most init processes. Where zombies stay, one grep looks at all: /proc/<pid>/stat is "pid (name) state
# ppid pgrp …".
patience=300 # about the time of that grep
lives() {
  tries=0
  while [ "$tries" -lt "$patience" ]; do
    exists || return 1
    tries=$((tries + 1))
    [ -d "/proc/$pid" ] || tries=$((tries + 9)) # reaped, so what is left are orphans: of a quick init, or for the grep
  done
  [ -r /proc/self/stat ] || return 0
  if [ "$kind" = group ]; then pattern="\\) [^ZX] [0-9]+ $pid "; else pattern="^$pid .*\\) [^ZX] [0-9]+ [0-9]+ "; fi
  grep -qE "$pattern" /proc/[0-9]*/stat 2>/dev/null
}

# The wrapper died between starting the command and saying so: the command carries the run id in its environment.
search() {
  if [ -r /proc/self/environ ]; then
    for environ in /proc/[0-9]*/environ; do
      if grep -q "LOCKWRIGHT_RUN=$run" "$environ" 2>/dev/null; then
        pid=${environ#/proc/}
        pid=${pid%/environ}
        if [ "$kind" = group ] && read -r line 2>/dev/null <"/proc/$pid/stat"; then
          # shellcheck disable=SC2086
          set -- ${line##*) }
          pid=$3
        fi
        return 0
      fi
    done
  else
    # shellcheck disable=SC2009
    pid=$(ps -axEww -o pid=,command= 2>/dev/null | grep "LOCKWRIGHT_RUN=$run" | grep -v grep | head -n 1 | tr -s ' ' | sed 's/^ //' | cut -d ' ' -f 1)
    [ -n "$pid" ]
  fi
}

disarm() {
  [ -n "$switch" ] && kill -s USR1 "$switch" 2>/dev/null
  switch=
}

arm() {
  # The new switch first: between two there must be no moment with none. It keeps no descriptor of ours.
  old=$switch
  (
    exec </dev/null 3<&-
    sleeper=
    trap 'kill -s KILL $sleeper 2>/dev/null; exit 0' USR1
    sleep "$1" &
    sleeper=$!
    wait "$sleeper"
    strike
  ) &
  switch=$!
  [ -n "$old" ] && kill -s USR1 "$old" 2>/dev/null
}

while read -r word first; do
  case $word in
    spawning)
      state=spawning
      kind=$first
      ;;
    child)
      pid=$first
      state=running
      ;;
    until) [ "$state" = running ] && arm "$first" ;;
    done)
      disarm
      exit 0
      ;;
  esac
done

[ "$state" = spawning ] && search
if [ -n "$pid" ]; then
  strike
  disarm
  while lives; do
    sleep 0.005 2>/dev/null || sleep 1
    strike
  done
fi
disarm
exit 0
