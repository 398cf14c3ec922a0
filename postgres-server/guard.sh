# Ends a process when its owner dies, however the owner dies.
#
# Usage: sh guard.sh TARGET SIGNAL...      TARGET: a pid, or -PGID for a whole process group.
#
# The owner holds the only other end of the pipe on standard input. The kernel closes it when the owner is gone,
# SIGKILL included, which no handler inside the owner could notice. The line "release" ends the guard without harm.
trap '' HUP INT TERM
target=$1
shift
if read -r word && [ "$word" = release ]; then exit 0; fi
for signal in "$@"; do
  kill -s "$signal" -- "$target" 2>/dev/null || exit 0
  tries=0
  while [ "$tries" -lt 50 ]; do
    sleep 0.1
    kill -s 0 -- "$target" 2>/dev/null || exit 0
    tries=$((tries + 1))
  done
done
