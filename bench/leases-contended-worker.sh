# One of the processes on one flock: leases-contended-worker.sh <file> <hold s> <events file> <stop file>
# A long-lived bash; flock(1) is started for each acquire (there is no other way from a shell), the release is a close.
# Times are microseconds of the wall clock: bash has no monotonic one.
exec 8<> <(:)
while [ ! -e "$4" ]; do
  asked=${EPOCHREALTIME/[.,]/}
  exec 9> "$1"
  flock 9
  entered=${EPOCHREALTIME/[.,]/}
  read -r -t "$2" -u 8
  echo "$asked $entered ${EPOCHREALTIME/[.,]/}" >> "$3"
  exec 9>&-
done
